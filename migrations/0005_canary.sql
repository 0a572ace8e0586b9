ALTER TABLE `policies` ADD `hold` integer;--> statement-breakpoint
ALTER TABLE `policies` ADD `ends` integer;
CREATE TABLE `rewards` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`decision` text NOT NULL,
	`at` integer NOT NULL,
	`tenant` text NOT NULL,
	`route` text NOT NULL,
	`policy` text,
	`candidate` text NOT NULL,
	`source` text NOT NULL,
	`quality` real NOT NULL,
	`cost_usd` real,
	`lambda` real NOT NULL,
	`propensity` real NOT NULL,
	`model` text,
	`features` blob,
	`predicted` real,
	`weight` real
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rewards_decision_unique` ON `rewards` (`decision`);--> statement-breakpoint
CREATE INDEX `rewards_route` ON `rewards` (`route`);--> statement-breakpoint
ALTER TABLE `attempts` ADD `cost_usd` real;--> statement-breakpoint
ALTER TABLE `outcomes` ADD `signals` text;--> statement-breakpoint
ALTER TABLE `policies` ADD `share` real DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE `policies` ADD `evidence` text;
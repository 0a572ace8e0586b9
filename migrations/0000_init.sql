CREATE TABLE `attempts` (
	`decision` text NOT NULL,
	`index` integer NOT NULL,
	`candidate` text NOT NULL,
	`provider` text NOT NULL,
	`at` integer NOT NULL,
	`status` integer,
	`error` text,
	`ttft_ms` real,
	`latency_ms` real NOT NULL,
	PRIMARY KEY(`decision`, `index`)
);
--> statement-breakpoint
CREATE TABLE `decisions` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`id` text NOT NULL,
	`at` integer NOT NULL,
	`tenant` text NOT NULL,
	`wire` text NOT NULL,
	`route` text,
	`asked` text NOT NULL,
	`candidate` text NOT NULL,
	`alternates` text NOT NULL,
	`propensity` real NOT NULL,
	`explored` integer NOT NULL,
	`reason` text NOT NULL,
	`lambda` real,
	`policy` text,
	`stream` integer NOT NULL,
	`query_hash` text NOT NULL,
	`query_chars` integer NOT NULL,
	`input_tokens` integer NOT NULL,
	`features` text NOT NULL,
	`embedded` integer NOT NULL,
	`query_text` text,
	`considered` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `decisions_id_unique` ON `decisions` (`id`);--> statement-breakpoint
CREATE INDEX `decisions_tenant` ON `decisions` (`tenant`);--> statement-breakpoint
CREATE TABLE `embeddings` (
	`hash` text NOT NULL,
	`encoder` text NOT NULL,
	`vector` blob NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`hash`, `encoder`)
);
--> statement-breakpoint
CREATE TABLE `feedback` (
	`decision` text NOT NULL,
	`principal` text NOT NULL,
	`source` text NOT NULL,
	`value` real NOT NULL,
	`comment` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`decision`, `principal`, `source`)
);
--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `outcomes` (
	`decision` text PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`status` text NOT NULL,
	`candidate` text NOT NULL,
	`attempts` integer NOT NULL,
	`input_tokens` integer,
	`cached_input_tokens` integer,
	`cache_write_tokens` integer,
	`output_tokens` integer,
	`reasoning_tokens` integer,
	`usage_source` text,
	`cost_usd` real,
	`ttft_ms` real,
	`latency_ms` real NOT NULL,
	`finish` text,
	`finish_raw` text,
	`answer` text
);
--> statement-breakpoint
CREATE TABLE `policies` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`route` text NOT NULL,
	`policy` text,
	`at` integer NOT NULL,
	`reason` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `policies_route` ON `policies` (`route`);
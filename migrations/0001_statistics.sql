CREATE TABLE `policy_files` (
	`policy` text NOT NULL,
	`part` integer NOT NULL,
	`bytes` blob NOT NULL,
	PRIMARY KEY(`policy`, `part`)
);
--> statement-breakpoint
CREATE TABLE `statistics` (
	`day` integer NOT NULL,
	`tenant` text NOT NULL,
	`route` text NOT NULL,
	`candidate` text NOT NULL,
	`status` text NOT NULL,
	`requests` integer NOT NULL,
	`input_tokens` integer NOT NULL,
	`output_tokens` integer NOT NULL,
	`cost_usd` real NOT NULL,
	`priced` integer NOT NULL,
	`latency_ms` real NOT NULL,
	`scored` integer NOT NULL,
	`score` real NOT NULL,
	PRIMARY KEY(`day`, `tenant`, `route`, `candidate`, `status`)
);
--> statement-breakpoint
CREATE TABLE `__new_attempts` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`decision` text NOT NULL,
	`index` integer NOT NULL,
	`candidate` text NOT NULL,
	`provider` text NOT NULL,
	`at` integer NOT NULL,
	`status` integer,
	`error` text,
	`ttft_ms` real,
	`latency_ms` real NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_attempts`("seq", "decision", "index", "candidate", "provider", "at", "status", "error", "ttft_ms", "latency_ms") SELECT rowid, "decision", "index", "candidate", "provider", "at", "status", "error", "ttft_ms", "latency_ms" FROM `attempts`;--> statement-breakpoint
DROP TABLE `attempts`;--> statement-breakpoint
ALTER TABLE `__new_attempts` RENAME TO `attempts`;--> statement-breakpoint
CREATE UNIQUE INDEX `attempts_key` ON `attempts` (`decision`,`index`);--> statement-breakpoint
CREATE TABLE `__new_embeddings` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`hash` text NOT NULL,
	`encoder` text NOT NULL,
	`vector` blob NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_embeddings`("seq", "hash", "encoder", "vector", "at") SELECT rowid, "hash", "encoder", "vector", "at" FROM `embeddings`;--> statement-breakpoint
DROP TABLE `embeddings`;--> statement-breakpoint
ALTER TABLE `__new_embeddings` RENAME TO `embeddings`;--> statement-breakpoint
CREATE UNIQUE INDEX `embeddings_key` ON `embeddings` (`hash`,`encoder`);--> statement-breakpoint
CREATE TABLE `__new_feedback` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`decision` text NOT NULL,
	`principal` text NOT NULL,
	`source` text NOT NULL,
	`value` real NOT NULL,
	`comment` text,
	`at` integer NOT NULL
);
--> statement-breakpoint
INSERT INTO `__new_feedback`("seq", "decision", "principal", "source", "value", "comment", "at") SELECT rowid, "decision", "principal", "source", "value", "comment", "at" FROM `feedback`;--> statement-breakpoint
DROP TABLE `feedback`;--> statement-breakpoint
ALTER TABLE `__new_feedback` RENAME TO `feedback`;--> statement-breakpoint
CREATE UNIQUE INDEX `feedback_key` ON `feedback` (`decision`,`principal`,`source`);--> statement-breakpoint
CREATE TABLE `__new_outcomes` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`decision` text NOT NULL,
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
INSERT INTO `__new_outcomes`("seq", "decision", "at", "status", "candidate", "attempts", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "usage_source", "cost_usd", "ttft_ms", "latency_ms", "finish", "finish_raw", "answer") SELECT rowid, "decision", "at", "status", "candidate", "attempts", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "usage_source", "cost_usd", "ttft_ms", "latency_ms", "finish", "finish_raw", "answer" FROM `outcomes`;--> statement-breakpoint
DROP TABLE `outcomes`;--> statement-breakpoint
ALTER TABLE `__new_outcomes` RENAME TO `outcomes`;--> statement-breakpoint
CREATE UNIQUE INDEX `outcomes_decision_unique` ON `outcomes` (`decision`);--> statement-breakpoint
CREATE INDEX `decisions_at` ON `decisions` (`at`);--> statement-breakpoint
CREATE INDEX `decisions_query` ON `decisions` (`query_hash`);
/**
 * What keeps the log small and its sums quick to read. Every step is one transaction whose statements look at the marks
 * themselves, so that it may stop anywhere, run again, and run twice at once.
 */
import { sql } from 'drizzle-orm'
import { DAY_MS, dayOf } from '../day.ts'
import type { Maintained, Store } from '../spec.ts'
import type { LogDatabase } from './driver.ts'
import { type Mark, mark, SUM_COLUMNS, startOf, sumRows } from './statistics.ts'

/** A decision without an outcome after this long will hardly get one; if it does, `unknown` gives way. */
const ABANDONED_MS = 3_600_000

/**
 * So long a reward stays at least: what learns from it reads and keeps it before anything is deleted (`compose/maintain.ts`), which a score that comes in between, for a
 * decision of long ago, would miss.
 */
const UNREAD_MS = 3_600_000

/** Decisions deleted in one transaction: short enough that appends need not wait for long. */
const BATCH = 2_000

/** Batches of one run; a free Worker may ask D1 fifty times per call. */
const MAX_BATCHES = 5

/** `Store.maintain`. */
export async function maintain(
  db: LogDatabase,
  { now, keepDays }: Parameters<Store['maintain']>[0],
): Promise<Maintained> {
  const today = dayOf(now)
  await closeAbandoned(db, now)
  await fold(db, today)
  if (keepDays === null) return { deleted: 0, more: false }
  const firstKept = today - keepDays
  await beginToPrune(db, firstKept)
  let deleted = 0
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const count = await prune(db, { firstKept, rewardedUntil: now - UNREAD_MS })
    deleted += count
    if (count < BATCH) return { deleted, more: false }
  }
  return { deleted, more: true }
}

function raise(db: LogDatabase, name: Mark, value: ReturnType<typeof mark> | number) {
  return db.run(sql`
    insert into meta (key, value) values (${name}, cast(${value} as integer)) on conflict (key) do update
    set value = max(cast(value as integer), cast(excluded.value as integer))`)
}

/**
 * Gives every decision that has had no outcome for long the outcome `unknown`. Those that were looked at are remembered
 * by number, so that this stays cheap in a long log.
 */
async function closeAbandoned(db: LogDatabase, now: number): Promise<void> {
  const until = now - ABANDONED_MS
  const firstOpen = sql`(select min(seq) - 1 from decisions where seq > ${mark('swept')} and at > ${until})`
  await db.batch([
    db.run(sql`
      insert into outcomes (decision, at, status, candidate, attempts, latency_ms)
      select d.id, ${now}, 'unknown', d.candidate, 0, 0 from decisions d
      where d.seq > ${mark('swept')} and d.at <= ${until}
        and not exists (select 1 from outcomes o where o.decision = d.id)`),
    raise(db, 'swept', sql`coalesce(${firstOpen}, (select max(seq) from decisions), 0)`),
  ])
}

/**
 * Sums up every complete day that has not been, and again those of which rows were written since: late outcomes and
 * feedback, however old the day.
 */
async function fold(db: LogDatabase, today: number): Promise<void> {
  const newest = (table: string) => sql`coalesce((select max(seq) from ${sql.raw(table)}), 0)`
  // Read before anything is summed: what is written meanwhile is found the next time.
  const [marks] = await db.values<[decisions: number, outcomes: number, feedback: number]>(
    sql`select ${newest('decisions')}, ${newest('outcomes')}, ${newest('feedback')}`,
  )
  const day = sql.raw(`d.at / ${DAY_MS}`)
  /** Of days that are folded; before the first fold there are none, and nothing is read. */
  const late = sql`${mark('folded')} > 0 and d.at < ${startOf(mark('folded'))} and d.at >= ${startOf(mark('pruned'))}`
  const days = await db.values<[day: number]>(sql`
    select ${day} as day from decisions d
      where d.at >= ${startOf(sql`max(${mark('folded')}, ${mark('pruned')})`)} and d.at < ${startOf(today)}
    union select ${day} from decisions d where d.seq > ${mark('folded_decisions')} and ${late}
    union select ${day} from outcomes o cross join decisions d on d.id = o.decision
      where o.seq > ${mark('folded_outcomes')} and ${late}
    union select ${day} from feedback f cross join decisions d on d.id = f.decision
      where f.seq > ${mark('folded_feedback')} and ${late}
    order by day`)
  for (const [day] of days) {
    const whole = sql`d.at >= ${startOf(day)} and d.at < ${startOf(day + 1)} and ${day} >= ${mark('pruned')}`
    await db.batch([
      db.run(sql`delete from statistics where day = ${day} and day >= ${mark('pruned')}`),
      db.run(sql`insert into statistics (${sql.raw(SUM_COLUMNS.join(', '))}) ${sumRows(whole)}`),
    ])
  }
  const [lastDecision = 0, lastOutcome = 0, lastFeedback = 0] = marks ?? []
  await db.batch([
    raise(db, 'folded', today),
    raise(db, 'folded_decisions', lastDecision),
    raise(db, 'folded_outcomes', lastOutcome),
    raise(db, 'folded_feedback', lastFeedback),
  ])
}

/** From here on the sums of days before `day` are those of deleted rows: none so far. */
async function beginToPrune(db: LogDatabase, day: number): Promise<void> {
  await db.batch([
    db.run(sql`delete from statistics where day >= ${mark('pruned')} and day < ${day}`),
    raise(db, 'pruned', day),
  ])
}

/**
 * Moves the oldest decisions of pruned days with all that belongs to them into the sums; returns how many. The mark alone
 * would not do: a clock that was wrong for an hour leaves it in the future.
 */
async function prune(
  db: LogDatabase,
  { firstKept, rewardedUntil }: { firstKept: number; rewardedUntil: number },
): Promise<number> {
  const until = startOf(sql`min(${mark('pruned')}, ${firstKept})`)
  const unread = sql`exists (select 1 from rewards r where r.decision = d.id and r.at > ${rewardedUntil})`
  const found = await db.values<[id: string, hash: string]>(
    sql`select d.id, d.query_hash from decisions d where d.at < ${until} and not ${unread} order by d.at limit ${BATCH}`,
  )
  if (found.length === 0) return 0
  const list = (values: string[]) => sql`(select value from json_each(${JSON.stringify(values)}))`
  const ids = list(found.map(([id]) => id))
  const hashes = list(found.map(([, hash]) => hash))
  const added = SUM_COLUMNS.slice(5).map((name) => `${name} = ${name} + excluded.${name}`)
  await db.batch([
    // Another run may have been faster: what is not there any more adds nothing.
    db.run(sql`
      insert into statistics (${sql.raw(SUM_COLUMNS.join(', '))}) ${sumRows(sql`d.id in ${ids}`)}
      on conflict (day, tenant, route, candidate, status) do update set ${sql.raw(added.join(', '))}`),
    db.run(sql`delete from attempts where decision in ${ids}`),
    db.run(sql`delete from outcomes where decision in ${ids}`),
    db.run(sql`delete from feedback where decision in ${ids}`),
    db.run(sql`delete from rewards where decision in ${ids}`),
    db.run(sql`delete from decisions where id in ${ids}`),
    db.run(sql`
      delete from embeddings where hash in ${hashes}
        and not exists (select 1 from decisions d where d.query_hash = embeddings.hash)`),
  ])
  return found.length
}

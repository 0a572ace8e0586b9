/**
 * What learning while serving is worth: recorded outcomes replayed under bandit feedback, the outcome of the candidate that was asked and no other. Policies
 * learn offline from the train split with the guard; what is replayed is the test split, several times over where it is short. `shuffled` deals
 * outcomes out to the queries anew; `degrades`, `dearer` and `arrives` befall the best constant of the training queries halfway through. Full information
 * learns the outcomes of all candidates there are, whomever it asked: what the same regression could do without exploring.
 *
 *   node benchmarks/learning/bench.ts --data ../shared/data [--sets a,b] [--scenarios …] [--priors learned,none] [--seeds 20] [--rounds 1000] [--forgetting 0.999]
 *     [--max-loss 0.2] [--delay 0] [--scored 1] [--stream test] [--vectors FOLDER] [--json | --markdown] [--cost]
 *
 * `--delay N`: the outcome of a request is learned once N more were decided. `--scored 0.2`: a fifth of the requests is ever learned from, drawn by the seed.
 * Both hold for all learners alike.
 *
 * `--stream train` is what settings were chosen by. `--cost` measures time and size in place of that (cost.ts). `--vectors`: as for benchmarks/guard/neverWorse.ts.
 */
import { parseArgs } from 'node:util'
import { findPlanner } from '../../routers/index.ts'
import { loadMaterial } from '../guard/material.ts'
import { measureCost } from './cost.ts'
import { type LearnerSpec, type Run, replay } from './replay.ts'
import { createWorld, PRIORS, SCENARIOS } from './scenario.ts'
import { renderTables, summarise } from './tables.ts'

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data' },
    sets: { type: 'string', default: 'routerbench_rdc,fusionbench' },
    scenarios: { type: 'string', default: SCENARIOS.join() },
    priors: { type: 'string', default: PRIORS.join() },
    seeds: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '1000' },
    forgetting: { type: 'string', default: '0.999' },
    'max-loss': { type: 'string', default: '0.2' },
    delay: { type: 'string', default: '0' },
    scored: { type: 'string', default: '1' },
    stream: { type: 'string', default: 'test' },
    vectors: { type: 'string' },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    cost: { type: 'boolean', default: false },
  },
})
const EPSILON = 0.05

const learners = PRIORS.filter((one) => values.priors.split(',').includes(one)).flatMap((prior): LearnerSpec[] => {
  const utility = findPlanner('utility').load({})
  return [
    { name: 'offline policy', prior, planner: utility, sees: 'nothing' },
    {
      name: `epsilon-greedy ${EPSILON}`,
      prior,
      planner: findPlanner('epsilon-greedy').load({ epsilon: EPSILON }),
      sees: 'asked',
    },
    { name: 'squarecb', prior, planner: findPlanner('squarecb').load({}), sees: 'asked' },
    { name: 'full information', prior, planner: utility, sees: 'all' },
  ]
})

if (values.cost) {
  const cost = measureCost()
  console.log(values.json ? JSON.stringify(cost) : cost.map((line) => `${line.what}: ${line.figure}`).join('\n'))
} else {
  const options = {
    rounds: Number(values.rounds),
    forgetting: Number(values.forgetting),
    maxLoss: Number(values['max-loss']),
    delay: Number(values.delay),
    scored: Number(values.scored),
  }
  const results = []
  for (const name of values.sets.split(',')) {
    const world = createWorld(
      await loadMaterial(name, { data: values.data, vectors: values.vectors ?? null }),
      values.stream === 'train' ? 'train' : 'test',
    )
    for (const scenarioName of SCENARIOS.filter((one) => values.scenarios.split(',').includes(one))) {
      const scenario = world.scenario(scenarioName)
      const runs = new Map<LearnerSpec, Run[]>(learners.map((learner) => [learner, []]))
      for (let seed = 1; seed <= Number(values.seeds); seed++)
        for (const [learner, list] of runs) list.push(replay(world, scenario, learner, { ...options, seed }))
      results.push(summarise(world, scenario, runs, options))
      console.error(`${name} ${scenarioName} done`)
    }
  }
  console.log(values.json ? JSON.stringify(results) : renderTables(results, { markdown: values.markdown }))
}

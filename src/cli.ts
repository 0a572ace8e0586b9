#!/usr/bin/env node
/** The command line: one file per command in `cli/`, each loaded only when it is called. */
import { Command, Option } from 'commander'
import { fail } from './cli/output.ts'
import { packageVersion } from './package.node.ts'

const program = new Command('switchyard')
  .description('Send each query to the language model that answers it best for the money.')
  .version(packageVersion())
  .showHelpAfterError()
  .showSuggestionAfterError()

const config = () =>
  new Option(
    '-c, --config <file>',
    'configuration file; without it switchyard.config.* in this folder, else the environment',
  )
const json = () => new Option('--json', 'print JSON for machines')
const DATA = 'recorded outcomes: FOLDER/NAME or a folder with one set, a CSV, JSON Lines or Parquet file'
const columns = () =>
  new Option(
    '--columns <json>',
    'what the columns of a table hold, as JSON or a file of it; a * stands for the model’s name. RouterBench’s and SPROUT’s tables need none',
  )

program
  .command('serve')
  .description('Run the gateway.')
  .addOption(config())
  .option('--host <address>', 'address to listen on')
  .option('--port <number>', 'port to listen on, 0 for a free one')
  .action(async (options) => (await import('./cli/serve.ts')).serve(options))

program
  .command('check')
  .description('Check the configuration and say what would be served.')
  .addOption(config())
  .addOption(json())
  .action(async (options) => (await import('./cli/check.ts')).check(options))

program
  .command('doctor')
  .description('Look at everything the gateway needs: encoder, log, policies, upstreams.')
  .addOption(config())
  .addOption(json())
  .option('--offline', 'do not contact the upstreams')
  .action(async (options) => (await import('./cli/doctor.ts')).doctor(options))

program
  .command('train')
  .description('Learn a policy from recorded outcomes and store it. Nothing serves it until `promote`.')
  .option('--data <path>', DATA)
  .addOption(
    new Option(
      '--from <file>',
      "the log of a gateway (SQLite): its scored decisions of the route, by the configuration's `learning.reward`",
    ).conflicts(['data', 'columns', 'labels']),
  )
  .addOption(columns())
  .addOption(config())
  .addOption(new Option('--preset <name>', 'knn, cost-aware, bandit or cascade').conflicts('estimator'))
  .option(
    '--estimator <name>',
    'constant, knn, linear, kernel, difficulty, cluster, low-rank, mlp, bradley-terry, pilot, skills, contrastive, graph, stack, domains or agreement; with options NAME={"option":value}',
  )
  .option('--planner <name>', 'utility, budget, threshold, hedge, balance or category-map')
  .option('--planner-options <json>', 'what the planner needs, as `plannerOptions` in docs/config.md')
  .option(
    '--route <name>',
    'learn what this route is configured for, unless preset or estimator say otherwise; without it the first route',
  )
  .option('--out <file>', 'write the policy to this file instead of the data folder')
  .option('--seed <number>', 'seed of everything random', '1')
  .option('--labels', 'keep the names of the training queries for explanations')
  .option('--exact-precision', 'the policy refuses to serve with vectors of another precision of its encoder')
  .addOption(json())
  .action(async (options) => (await import('./cli/train.ts')).train(options))

program
  .command('bootstrap')
  .description(
    'From nothing to a proven policy: ask every candidate a sample of your own prompts within a budget, grade the answers, learn, and say what to serve. A run that was cut short goes on where it ended.',
  )
  .addOption(
    new Option(
      '--prompts <file>',
      'JSON Lines, each line a text or {prompt | messages, id?, reference?, check?, task?} (docs/learning.md)',
    ).conflicts('fromLog'),
  )
  .option('--from-log', 'prompts that clients asked, from the log; needs log.text')
  .option('--log <file>', 'with --from-log: the log, instead of the configured one')
  .requiredOption('--budget-usd <number>', 'what all answers may cost together, those of earlier runs included')
  .option('--route <name>', 'whose candidates are asked', 'auto')
  .option('--judge <candidate>', 'who compares answers where no right one is known')
  .option('--estimator <name>', "instead of the route's own")
  .option('--prompts-count <number>', 'at most so many prompts')
  .option('--concurrency <number>', 'calls at once', '8')
  .option('--seed <number>', 'seed of everything random', '1')
  .option('--out <file>', 'write the policy to this file instead of the data folder')
  .addOption(config())
  .addOption(json())
  .action(async (options) => (await import('./cli/bootstrap/bootstrap.ts')).bootstrap(options))

program
  .command('onboard')
  .description(
    'Add a candidate to a trained policy from a few hundred graded prompts, without a new fit, where the estimator can.',
  )
  .requiredOption('--policy <policy>', 'an id of a stored policy, or a file')
  .requiredOption('--data <path>', 'recorded outcomes of the candidate, as `train` takes them')
  .addOption(columns())
  .requiredOption('--model <id>', 'the candidate, by its name in the set')
  .option('--rows <number>', 'at most so many graded prompts of the split train, drawn at random; without it all')
  .option('--out <file>', 'write the policy to this file instead of the data folder')
  .addOption(config())
  .action(async (options) => (await import('./cli/onboard.ts')).onboardCandidate(options))

program
  .command('eval')
  .description(
    'Compare routers on recorded outcomes: fitted and set on the train split, judged on the test split beside baselines, with intervals and a verdict.',
  )
  .requiredOption('--data <path...>', `${DATA}; several may be given`)
  .addOption(columns())
  .option('--estimators <names...>', 'separated by commas, or NAME={"option":value}, or all', ['all'])
  .option('--planners <names...>', 'separated by commas, or NAME={"option":value}', ['utility'])
  .option('--seeds <number>', 'how many seeds to fit with', '1')
  .option(
    '--split <name>',
    'official; kfold (by a hash of the prompt); leave-one-task-out (each task judged by what the others teach); few-shot (learning curve); leave-one-model-out (each model new once)',
    'official',
  )
  .option('--sizes <numbers>', 'few-shot: training queries; leave-one-model-out: graded prompts', '50,200,1000')
  .option(
    '--suite',
    'the published comparisons that the sets in the folder --data allow, ours beside the published figures',
  )
  .option('--unguarded', 'also each policy without its guard')
  .option(
    '--cascades',
    'also plans that judge an answer before they ask on: a threshold cascade and cascade routing, for sets with recorded answers',
  )
  .option('--draws <number>', 'bootstrap draws behind the intervals', '500')
  .option('--report <file>', 'write a report, one HTML file that needs nothing else')
  .addOption(json())
  .action(async (options) => (await import('./cli/eval/eval.ts')).evaluate(options))

program
  .command('evaluate')
  .description(
    'Judge policies on what a gateway logged while it explored: what each would have come to, with intervals, how much of it was tried, and which is better.',
  )
  .requiredOption(
    '--policy <policy...>',
    'an id of a stored policy, a file, `constant`, or `logged`: what happened; the others are held against the first, one alone against `logged`',
  )
  .option('--log <file>', 'the log (SQLite); without it that of the configuration')
  .option('--route <name>', 'the route; without it the first')
  .addOption(config())
  .addOption(json())
  .action(async (options) => (await import('./cli/evaluate.ts')).evaluate(options))

program
  .command('robustness')
  .description(
    'How often another wording of a prompt changes whom a router asks, and what a hostile prefix makes it spend: fitted on the train split, judged on the test split.',
  )
  .requiredOption('--data <path...>', 'outcome sets: FOLDER/NAME or a folder with one set')
  .option('--estimators <names...>', 'separated by commas, or NAME={"option":value}, or all')
  .option('--planners <names...>', 'separated by commas, or NAME={"option":value}', ['utility'])
  .option('--policy <file...>', 'policy files, judged as they are')
  .option('--unguarded', 'also each estimator without its guard')
  .option('--queries <number>', 'test queries, drawn at random', '300')
  .option(
    '--aims <list>',
    'where to look, separated by commas: a λ, or with % a share of the best constant’s cost',
    '0,25%,50%',
  )
  .option('--prefixes <number>', 'hostile prefixes that are searched, and random ones beside them; 0 for none', '2')
  .option('--evaluations <number>', 'prefixes tried in one search', '120')
  .option('--seed <number>', 'seed of everything random', '1')
  .option('--draws <number>', 'bootstrap draws behind the intervals', '500')
  .addOption(json())
  .action(async (options) => (await import('./cli/robustness.ts')).robustness(options))

program
  .command('replay')
  .description(
    'Train on a recorded set, serve its test prompts through a real gateway, and compare with the offline evaluation.',
  )
  .requiredOption('--data <path>', DATA)
  .addOption(columns())
  .addOption(new Option('--preset <name>', 'knn, cost-aware, bandit or cascade').conflicts('estimator'))
  .option(
    '--estimator <name>',
    'constant, knn, linear, kernel, difficulty, cluster, low-rank, mlp, bradley-terry, pilot, skills, contrastive, graph, stack, domains or agreement; with options NAME={"option":value}',
  )
  .option(
    '--planner <name>',
    'utility, budget, threshold, hedge, balance, category-map, squarecb, epsilon-greedy or cascade',
  )
  .option('--planner-options <json>', 'what the planner needs, as `plannerOptions` in docs/config.md')
  .option('--seed <number>', 'seed of everything random', '1')
  .option('--concurrency <number>', 'requests in flight', '8')
  .option('--limit <number>', 'only the first test prompts')
  .option('--worker', 'through the Worker, in the Workers runtime of this machine, instead of the Node server')
  .addOption(json())
  .action(async (options) => (await import('./cli/replay/replay.ts')).replay(options))

program
  .command('upstream')
  .description('Run a simulated upstream: recorded outcomes of a set, or the demo models.')
  .option('--data <path>', 'recorded outcomes to replay; without it the demo models answer')
  .addOption(columns())
  .option('--latency', 'wait as long as the recorded model took')
  .option('--port <number>', 'port on 127.0.0.1, 0 for a free one', '0')
  .action(async (options) => (await import('./cli/upstream.ts')).upstream(options))

program
  .command('promote <id>')
  .description(
    'Let a stored policy serve a route, where it is proved to be better than what serves; or `constant`, or the embedded `demo`. A running gateway follows within a second.',
  )
  .option('--route <name>', 'the route', 'auto')
  .option(
    '--canary <share>',
    'only this share of the requests, such as 0.1, until it has shown to be better (then all) or worse (then none)',
  )
  .option('--hold', 'a canary that has shown to be better keeps its share until you decide')
  .option('--force <reason>', 'though it is not proved to be better; the reason is kept in the log')
  .addOption(config())
  .action(async (id, options) => (await import('./cli/promote.ts')).promote(id, options))

program
  .command('rollback')
  .description(
    'End a canary, or let what served a route before serve it again. A running gateway follows within a second.',
  )
  .option('--route <name>', 'the route', 'auto')
  .addOption(config())
  .action(async (options) => (await import('./cli/promote.ts')).rollback(options))

const policies = program.command('policies').description('List policies, show one, or say how two differ.')
policies
  .command('list', { isDefault: true })
  .description('All stored policies and what serves each route.')
  .option('--route <name>', 'what served this route, when and why, newest first')
  .addOption(config())
  .addOption(json())
  .action(async (options) => (await import('./cli/policies.ts')).list(options))
policies
  .command('show <id>')
  .description('What a policy is, what it was trained on, what its guard allows.')
  .addOption(config())
  .action(async (id, options) => (await import('./cli/policies.ts')).show(id, options))
policies
  .command('diff <a> <b>')
  .description(
    'What differs between two policies: how they predict and plan, their guards, candidates, constants and data.',
  )
  .addOption(config())
  .addOption(json())
  .action(async (a, b, options) => (await import('./cli/policies.ts')).diff(a, b, options))
policies
  .command('import <file>')
  .description('Store a policy file.')
  .addOption(config())
  .action(async (file, options) => (await import('./cli/policies.ts')).importFile(file, options))

const worker = program.command('worker').description('The gateway as a Cloudflare Worker.')
worker
  .command('init')
  .description('Write the files of a Worker with a configuration of its own, and say what is left to do.')
  .option('--folder <path>', 'where to', '.')
  .option('--name <name>', 'name of the Worker and of its database', 'switchyard')
  .addOption(
    new Option('--vendor <name...>', 'whose models it asks; without any, those of the demo').choices([
      'openai',
      'anthropic',
    ]),
  )
  .action(async (options) => (await import('./cli/worker.init.ts')).init(options))

const keyEnv = () => new Option('--key-env <name>', 'environment variable with the admin key').default('SWITCHYARD_KEY')
program
  .command('push <policy>')
  .description(
    'Store a policy (an id of this installation, or a file) in another gateway or Worker; with --use let it serve there.',
  )
  .requiredOption('--to <url>', 'address of the gateway or Worker')
  .addOption(keyEnv())
  .option('--use', 'put it in charge of the route')
  .option('--canary <share>', 'with --use: of this share of the requests')
  .option('--reason <text>', 'with --use: why, for the log there')
  .option('--route <name>', 'the route', 'auto')
  .addOption(config())
  .action(async (policy, options) => (await import('./cli/push.ts')).push(policy, options))
program
  .command('pull')
  .description('Copy the log of another gateway or Worker into the one here: what is new since the last time.')
  .requiredOption('--from <url>', 'address of the gateway or Worker')
  .addOption(keyEnv())
  .option('--into <folder>', 'data folder to copy into; without it that of the configuration')
  .addOption(config())
  .addOption(json())
  .addHelpText(
    'after',
    '\nDecisions, attempts, outcomes, feedback and vectors of all keys are copied, not which policies serve.\nTexts are known by hashes that are salted per installation: rows of one source belong together, but the\nsame text from two sources has two names, and a text asked here does not find the vector copied from there.',
  )
  .action(async (options) => (await import('./cli/pull.ts')).pull(options))

await program.parseAsync().catch(fail)

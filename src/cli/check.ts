/** `switchyard check`. */
import { levelsOf } from '../compose/world.ts'
import { withPriors } from '../route/priors.ts'
import { round } from '../route/round.ts'
import { type ConfigArguments, describeProblem, requireConfig } from './config.ts'
import { print } from './output.ts'

export async function check({ json, ...args }: ConfigArguments & { json?: boolean }): Promise<void> {
  const { config, warnings, source } = await requireConfig(args)
  const routes = config.routes.map((route) => {
    const candidates = withPriors(config.candidates.filter(({ id }) => route.candidates.includes(id)))
    return {
      name: route.name,
      router: route.router,
      lambda: levelsOf(route, candidates),
      candidates: candidates.map(({ id, price, priors, contextWindow }) => ({
        id,
        price,
        quality: priors?.quality,
        contextWindow,
      })),
    }
  })
  if (json) {
    print(JSON.stringify({ ok: true, source, warnings, routes }, null, 2))
    return
  }
  print(`${source ?? 'The environment'} is a valid configuration.`)
  for (const warning of warnings) print(`warning:${describeProblem(warning)}`)
  for (const { name, lambda, candidates } of routes) {
    print(
      `route ${name}: λ best ${round(lambda.best)}, auto ${round(lambda.auto)}, cheap ${round(lambda.cheap)} (quality per USD)`,
    )
    for (const { id, price, quality } of candidates) {
      print(
        `  ${id}: ${price ? `$${price.inputPerMTok} in, $${price.outputPerMTok} out per million tokens` : 'price unknown'}, prior quality ${round(quality ?? 0)}`,
      )
    }
  }
}

/** The report's style sheet, for light and dark screens. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --quiet: #6b7686; --rule: #dde2e9; --lightness: 42% }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --paper: #14181f; --quiet: #98a3b3; --rule: #2c3440; --lightness: 64% } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1000px; margin: 2rem auto; padding: 0 1rem }
h1, h2 { line-height: 1.2 } h2 { margin-top: 3rem; border-top: 1px solid var(--rule); padding-top: 1.5rem } h3 { margin-top: 2rem }
.quiet { color: var(--quiet) } .verdict { font-size: 1.05rem } .wide { overflow-x: auto }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top }
td small { display: block; color: var(--quiet); white-space: nowrap } td.policy, .beats { font-weight: 600 }
svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif } svg.chart { width: 100%; min-width: 560px }
svg text { fill: var(--quiet) } svg .label { fill: var(--ink); font-size: 11px; paint-order: stroke; stroke: var(--paper); stroke-width: 3px } svg polyline { fill: none; stroke-width: 2 }
svg .grid { stroke: var(--rule) } svg .interval { stroke-width: 2; opacity: .55 } svg .bar { stroke: var(--quiet); stroke-dasharray: 4 3 }
svg .frame { fill: none; stroke: var(--rule) } svg .dot { fill: hsl(210 65% var(--lightness)); opacity: .75 }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: 13px; list-style: none; padding: 0 }
.legend i { display: inline-block; box-sizing: border-box; width: .9em; height: .9em; border-radius: 2px; margin-right: .4em; vertical-align: -1px }
.share { display: grid; grid-template-columns: 11rem 1fr; gap: .2rem .7rem; align-items: center; font-size: 13px }
.share div { display: flex; height: 1.1rem; border-radius: 3px; overflow: hidden }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem } figure { margin: 0 } figcaption { font-size: 13px }
dt { color: var(--quiet) } dd { margin: 0 0 .5rem; overflow-wrap: anywhere }`

#!/usr/bin/env node
/**
 * The process edge. Tiny, so that the settings act before the program and its libraries are loaded.
 */
import { setFlagsFromString } from 'node:v8'

// Left alone, the heap of a large cluster grows to twice what it holds before it is cleaned; this costs hardly any time.
setFlagsFromString('--heap-growing-percent=30')
// A run is over soon: compiling code that is hardly used any more took a quarter of its processor time. The flag is called
// differently by each engine, an engine that does not know one says so aloud, and Node 24 has a quick compiler as well.
const COMPILE_LATER: Readonly<Record<string, string>> = {
  20: '--interrupt-budget=540672',
  22: '--invocation-count-for-turbofan=12000',
}
const [major = ''] = process.versions.node.split('.')
const compileLater = COMPILE_LATER[major]
if (compileLater !== undefined) setFlagsFromString(compileLater)
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
// Reading the maps costs a fifth of the start-up, and only a stack trace needs them.
const debug =
  process.env['K8S_COST_LOG_LEVEL']?.trim() === 'debug' ||
  process.argv.some((word) => /^(--log-level=)?debug$/.test(word))
if (debug) process.setSourceMapsEnabled(true)

const { main } = await import('./main.js')
process.exitCode = await main(process.argv.slice(2))

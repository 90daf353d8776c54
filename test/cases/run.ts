/**
 * Runs scheduling cases: `npm run test:cases -- [DIR…]`. Prints a line for each case that fails and the totals; exits
 * with 1 where one fails.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RawCase } from './case.js'
import { checkFilter } from './filter.js'
import { checkProvision } from './provision.js'
import { checkRequest } from './request.js'

const FORMAT = 'k8s-cost scheduling cases 1'
const DEFAULT = fileURLToPath(new URL('../../../shared/data/cases', import.meta.url))

const CHECKS: Readonly<Record<string, (raw: RawCase) => string[]>> = {
  filter: checkFilter,
  request: checkRequest,
  provision: checkProvision,
}

function differences(raw: RawCase): string[] {
  const check = CHECKS[raw.type]
  if (check === undefined) return [`cases of type ${raw.type} are not known`]
  try {
    return check(raw)
  } catch (error) {
    return [String(error)]
  }
}

const casesIn = (file: string): readonly RawCase[] => {
  const content = JSON.parse(readFileSync(file, 'utf8')) as { format?: string; cases?: RawCase[] }
  if (content.format !== FORMAT) throw new Error(`${file}: its format is ${content.format}, not ${FORMAT}`)
  return content.cases ?? []
}

const filesOf = (place: string): string[] =>
  statSync(place).isDirectory()
    ? readdirSync(place)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .map((name) => join(place, name))
    : [place]

function run(places: readonly string[]): number {
  const files = places.flatMap(filesOf)
  let [passed, failed] = [0, 0]
  for (const file of files) {
    for (const raw of casesIn(file)) {
      const found = differences(raw)
      if (found.length === 0) passed++
      else {
        failed++
        console.log(`FAILED ${basename(file)} ${raw.id} (${raw.title}): ${found.join('; ')}`)
      }
    }
  }
  if (passed + failed === 0) console.log(`There are no cases in ${places.join(', ')}`)
  console.log(`${passed} passed, ${failed} failed`)
  return failed > 0 || passed === 0 ? 1 : 0
}

const asked = process.argv.slice(2)
if (asked.length === 0 && !existsSync(DEFAULT)) {
  console.log('Skipped: ../shared/data/cases is absent. Name a folder with cases to run them.')
} else {
  process.exitCode = run(asked.length > 0 ? asked : [DEFAULT])
}

/**
 * Reads the imports of all sources and says which rule broke. The rooms and their doors: src/README.md.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

type Door = {
  /** What it may import besides itself: rooms (or files at the top), `node:`, and packages by their names. */
  readonly opensTo: readonly string[]
  /** Of these it may take types only. */
  readonly typesOf?: readonly string[]
  readonly why: string
}

const ROOMS = ['model', 'price', 'pack', 'recommend', 'report']
const OPTIONS = ['options', 'option-table', 'option-sources', 'condition', 's3-url']
const ANYTHING = '*'

const PURE =
  'Rooms turn values into values and do not know each other: pipeline.ts hands over what one needs of another'
const EDGE = 'The process edge joins everything'
const ASKED = 'Options are read and checked here, and nothing is done about them'

const DOORS: Readonly<Record<string, Door>> = {
  domain: { opensTo: [], why: 'The words of the field are below everything, so they import nothing' },
  failure: { opensTo: [], why: 'Every part may fail, so failure.ts is below all of them' },
  model: { opensTo: ['domain', '@marcbachmann/cel-js'], why: PURE },
  price: { opensTo: ['domain'], why: PURE },
  pack: { opensTo: ['domain'], why: PURE },
  'pack/columns/lp': { opensTo: ['domain', 'pack', 'highs'], why: `${PURE}; only pack/columns/lp.ts loads HiGHS` },
  recommend: { opensTo: ['domain'], why: PURE },
  report: { opensTo: ['domain'], why: PURE },
  'report/csv': { opensTo: ['domain', 'report', 'csv-stringify'], why: `${PURE}; only report/csv.ts formats CSV` },
  pipeline: {
    opensTo: ['domain', 'problem', 'plan-maker', 'smaller-nodes', 'what-if', 'blocker-prices', 'remarks', ...ROOMS],
    typesOf: ['options'],
    why: 'pipeline.ts is one pure function: the rooms, the domain and the type of the options',
  },
  problem: {
    opensTo: ['domain', 'model', 'price', 'pack', 'recommend'],
    why: 'problem.ts is a part of the pipeline: from what was observed to what is to be packed',
  },
  remarks: {
    opensTo: ['domain', 'model', 'recommend'],
    why: 'remarks.ts is a part of the pipeline: what figures rest on, and what was found beside them',
  },
  'plan-maker': {
    opensTo: ['domain', 'pack', 'recommend'],
    why: 'plan-maker.ts is a part of the pipeline: it asks for plans within limits on the whole plan',
  },
  'smaller-nodes': {
    opensTo: ['domain', 'pack', 'recommend', 'plan-maker'],
    why: 'smaller-nodes.ts is a part of the pipeline: it asks for plans of which no node carries much',
  },
  'what-if': {
    opensTo: ['domain', 'model', 'pack', 'recommend', 'plan-maker'],
    why: 'what-if.ts is a part of the pipeline: it alters the model of a cluster and plans it anew',
  },
  'blocker-prices': {
    opensTo: ['domain', 'model', 'pack', 'recommend', 'plan-maker'],
    why: 'blocker-prices.ts is a part of the pipeline: it plans a cluster anew without some of its rules',
  },
  collect: {
    opensTo: ['domain', 'failure', 'node:', 'zod', '@kubernetes/client-node', '@aws-sdk/*', '@smithy/*'],
    why: 'collect is the only home of clients and of input files; it decides nothing',
  },
  options: { opensTo: ['domain', 'failure', 'node:', ...OPTIONS], why: ASKED },
  'option-table': { opensTo: ['zod', ...OPTIONS], why: ASKED },
  'option-sources': { opensTo: ['failure', 'node:', 'js-yaml', 'fastest-levenshtein'], why: ASKED },
  condition: { opensTo: [], why: ASKED },
  publish: { opensTo: ['domain', 'failure', 'node:'], why: 'publish.ts gets texts and puts them into a folder' },
  's3-url': { opensTo: [], why: 's3-url.ts only reads an address' },
  upload: {
    opensTo: ['failure', 'node:', 'publish', 's3-url', 'collect', '@aws-sdk/client-s3'],
    why: 'upload puts texts into a bucket, the only thing that is ever written to AWS; how AWS is asked is what collect knows',
  },
  destination: { opensTo: [ANYTHING], why: EDGE },
  progress: { opensTo: ['node:', 'pino'], typesOf: ['options'], why: 'progress.ts only writes what it is told' },
  package: { opensTo: ['node:'], why: 'package.ts only knows where the files of the package are' },
  'command-line': { opensTo: [ANYTHING], why: EDGE },
  analyze: { opensTo: [ANYTHING], why: EDGE },
  tables: { opensTo: [ANYTHING], why: EDGE },
  live: { opensTo: [ANYTHING], why: EDGE },
  aws: { opensTo: [ANYTHING], why: EDGE },
  doctor: { opensTo: [ANYTHING], why: EDGE },
  'check-plan': { opensTo: [ANYTHING], why: EDGE },
  explain: { opensTo: [ANYTHING], why: EDGE },
  'written-plan': {
    opensTo: ['domain', 'failure', 'model', 'pack'],
    typesOf: ['collect'],
    why: "written-plan.ts joins a report's files with a cluster and reads nothing itself",
  },
  likeness: { opensTo: [], why: 'likeness.ts compares words' },
  main: { opensTo: [ANYTHING], why: EDGE },
  entry: { opensTo: ['main', 'node:'], why: 'entry.ts sets the process up before anything else is loaded' },
}

/** Same snapshot, same bytes: below the edge there is no clock, no chance, no printing and no process. */
const IMPURE = /^(Date\.now|Math\.random|performance\.now|process\.\w+|console\.\w+|new Date\(\))$/
const PURE_PLACES = new Set([
  'domain',
  'failure',
  ...ROOMS,
  'pipeline',
  'remarks',
  'plan-maker',
  'what-if',
  'condition',
  'option-table',
])

type Import = { readonly from: string; readonly typesOnly: boolean }

const SOURCES = fileURLToPath(new URL('../src', import.meta.url))
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .sort()

/** `model/capacity/x.ts` is in room model; a file at the top is a place of its own; report/csv has a door of its own. */
function placeOf(path: string): string {
  const bare = path.replace(/\.(ts|js)$/, '')
  return Object.hasOwn(DOORS, bare) ? bare : (bare.split('/')[0] ?? bare)
}

const roomOf = (place: string): string => place.split('/')[0] ?? place

function parse(file: string, text: string): { readonly imports: Import[]; readonly impure: string[] } {
  const imports: Import[] = []
  const impure: string[] = []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true)
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const specifier = node.moduleSpecifier
      if (specifier !== undefined && ts.isStringLiteral(specifier)) {
        imports.push({ from: specifier.text, typesOnly: takesTypesOnly(node) })
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [first] = node.arguments
      imports.push({
        from: first !== undefined && ts.isStringLiteral(first) ? first.text : '(computed)',
        typesOnly: false,
      })
    } else if (ts.isImportTypeNode(node)) {
      imports.push({ from: node.argument.getText().slice(1, -1), typesOnly: true })
    } else if ((ts.isPropertyAccessExpression(node) || ts.isNewExpression(node)) && IMPURE.test(node.getText())) {
      impure.push(node.getText())
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { imports, impure }
}

function takesTypesOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly
  const clause = node.importClause
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return clause !== undefined
  const bindings = clause.namedBindings
  const named = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : []
  return clause.name === undefined && named.length > 0 && named.every((element) => element.isTypeOnly)
}

/** Undefined where the import is allowed; else the rule that it breaks. */
function brokenRule(file: string, { from, typesOnly }: Import): string | undefined {
  const place = placeOf(file)
  const door = DOORS[place]
  if (door === undefined) return `src/${file} has no door: say in test/architecture.test.ts what ${place} may import`
  if (door.opensTo.includes(ANYTHING)) return undefined
  const path = from.startsWith('.') ? relative(SOURCES, join(SOURCES, file, '..', from)) : undefined
  const target = path === undefined ? packageOf(from) : roomOf(placeOf(path))
  if (path !== undefined && target === roomOf(place)) return undefined
  const open = typesOnly ? [...door.opensTo, ...(door.typesOf ?? [])] : door.opensTo
  if (open.some((name) => name === target || (name.endsWith('/*') && target.startsWith(name.slice(0, -1)))))
    return undefined
  const allowed = [...door.opensTo, ...(door.typesOf ?? []).map((name) => `types of ${name}`)].join(', ') || 'nothing'
  return `src/${file} imports ${from}. ${place} may import: ${allowed}. ${door.why}.`
}

const packageOf = (from: string): string =>
  from.startsWith('node:') ? 'node:' : (/^(@[^/]+\/)?[^/]+/.exec(from)?.[0] ?? from)

describe('doors', () => {
  test('there are files to read', () => {
    expect(files.length).toBeGreaterThan(30)
    expect(files).toContain('main.ts')
  })

  test.each(files)('src/%s', (file) => {
    const { imports, impure } = parse(file, readFileSync(join(SOURCES, file), 'utf8'))
    expect(imports.flatMap((each) => brokenRule(file, each) ?? [])).toEqual([])
    if (PURE_PLACES.has(roomOf(placeOf(file)))) {
      expect(impure, `${roomOf(placeOf(file))} must give the same bytes for the same snapshot`).toEqual([])
    }
  })
})

describe('the reader of imports sees', () => {
  const broken = (file: string, text: string): string[] =>
    parse(file, text).imports.flatMap((each) => brokenRule(file, each) ?? [])

  test.each([
    ['pack/x.ts', "import { a } from '../price/bill.js'", 'pack may import: domain'],
    ['pack/deep/x.ts', "export { a } from '../../model/pod.js'", 'pack may import: domain'],
    ['pack/x.ts', "const a = await import('node:fs')", 'pack may import: domain'],
    ['pack/x.ts', 'const a = await import(name)', 'imports (computed)'],
    ['domain/x.ts', "type A = import('../options.js').AnalyzeOptions", 'domain may import: nothing'],
    ['report/markdown.ts', "import { stringify } from 'csv-stringify/sync'", 'report may import: domain'],
    ['pipeline.ts', "import { matchesAny } from './options.js'", 'types of options'],
    ['pipeline.ts', "import { matchesAny, type AnalyzeOptions } from './options.js'", 'types of options'],
    ['publish.ts', "import './options.js'", 'publish may import: domain, failure, node:'],
    ['novel.ts', "import './options.js'", 'has no door'],
  ])('%s: %s', (file, text, rule) => {
    expect(broken(file, text)).toEqual([expect.stringContaining(rule)])
  })

  test.each([
    ['pack/deep/x.ts', "import { a } from '../order.js'"],
    ['pipeline.ts', "import type { AnalyzeOptions } from './options.js'"],
    ['pipeline.ts', "import { type AnalyzeOptions } from './options.js'"],
    ['report/csv.ts', "import { stringify } from 'csv-stringify/sync'\nimport { a } from './view.js'"],
    ['report/files.ts', "import { a } from './csv.js'"],
    ['collect/ec2.ts', "import { EC2Client } from '@aws-sdk/client-ec2'"],
  ])('that this is allowed: %s: %s', (file, text) => {
    expect(broken(file, text)).toEqual([])
  })

  test('clocks and chance', () => {
    const text = 'const a = [Date.now(), Math.random(), new Date(), new Date(iso), process.env, Math.max(1)]'
    expect(parse('pack/x.ts', text).impure).toEqual(['Date.now', 'Math.random', 'new Date()', 'process.env'])
  })
})

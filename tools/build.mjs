// Bundles src/entry.ts into dist/, so that the published package has no dependencies and starts fast, and writes the
// licences of everything that went into the bundle beside it.
import { build } from 'esbuild'
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

// The licences whose terms are met by shipping their text. A package under another one must be looked at by a person.
const ACCEPTED = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Python-2.0',
  'BlueOak-1.0.0',
])

// node-fetch uses it for URL and URLSearchParams only, which Node has: 250 KB and a warning on Node 22 less.
const whatwgUrl = {
  name: 'whatwg-url',
  setup(build) {
    build.onResolve({ filter: /^whatwg-url$/ }, () => ({ path: 'whatwg-url', namespace: 'built-in' }))
    build.onLoad({ filter: /.*/, namespace: 'built-in' }, () => ({
      contents: 'export default { URL, URLSearchParams }',
    }))
  },
}

const { metafile, outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['src/entry.ts'],
  outdir: 'dist',
  write: false,
  bundle: true,
  // Chunks, so that `await import()` inside a command loads a client only when that command runs.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // Names stay as they are: stacks read well, and wrapping every function to keep its name costs a tenth of the time.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: 'linked',
  sourcesContent: false,
  metafile: true,
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version) },
  // CommonJS packages in the bundle call require() for Node's own modules.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  plugins: [whatwgUrl],
  logLevel: 'warning',
  // Its message is printed already; the stack would only bury it.
}).catch(() => process.exit(1))

const notices = await licences(Object.keys(metafile.inputs))

// Built beside and moved into place: a failed build leaves the last good one, and no file of an older build stays.
const dist = join(root, 'dist')
const fresh = join(root, `dist.new-${process.pid}`)
const stale = join(root, `dist.old-${process.pid}`)
try {
  for (const file of outputFiles) {
    const path = join(fresh, file.path.slice(dist.length + 1))
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.contents)
  }
  // HiGHS looks for its WebAssembly beside the chunk that holds it; 3.5 MB, so only where a command needs it.
  if (Object.keys(metafile.inputs).some((name) => name.includes('node_modules/highs/')))
    await copyFile(fileURLToPath(import.meta.resolve('highs/runtime')), join(fresh, 'highs.wasm'))
  await writeFile(join(fresh, 'THIRD-PARTY-LICENSES.txt'), notices)
  await chmod(join(fresh, 'entry.js'), 0o755)
  await rename(dist, stale).catch((error) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rename(fresh, dist)
} finally {
  await rm(fresh, { recursive: true, force: true })
  await rm(stale, { recursive: true, force: true })
}

/** The text of dist/THIRD-PARTY-LICENSES.txt: every package of which a file is in the bundle, with its licence. */
async function licences(inputs) {
  /** @type {Set<string>} */
  const folders = new Set()
  for (const input of inputs) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)
    if (match) folders.add(match[1])
  }
  const entries = []
  const problems = []
  for (const folder of [...folders].sort()) {
    const manifest = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'))
    const id = typeof manifest.license === 'string' ? manifest.license : 'none stated'
    const names = (await readdir(join(root, folder)))
      .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
      .sort()
    const texts = await Promise.all(names.map((name) => readFile(join(root, folder, name), 'utf8')))
    if (!ACCEPTED.has(id)) problems.push(`${manifest.name}: licence "${id}" is not among ${[...ACCEPTED].join(', ')}`)
    else if (!names.some((name) => !/^notice/i.test(name)) && id !== 'Apache-2.0')
      problems.push(`${manifest.name}: has no licence file, and ${id} asks for the text with its copyright line`)
    // Apache-2.0 names no holder in its text, so our own copy of it serves where the package brings none.
    if (texts.length === 0) texts.push(await readFile(join(root, 'LICENSE'), 'utf8'))
    entries.push({
      title: `${manifest.name} ${manifest.version} (${id})`,
      text: texts.map((text) => text.trim()).join('\n\n'),
    })
  }
  if (problems.length > 0) {
    console.error(`${basename(import.meta.filename)}: cannot ship these packages:\n${problems.join('\n')}`)
    process.exit(1)
  }
  return render(entries)
}

/** Packages with one and the same licence text share one copy of it. */
function render(entries) {
  const titlesByText = new Map()
  for (const { title, text } of entries) titlesByText.set(text, [...(titlesByText.get(text) ?? []), title])
  const rule = '-'.repeat(80)
  const parts = [...titlesByText].map(([text, titles]) => `${rule}\n${titles.join('\n')}\n${rule}\n\n${text}\n`)
  return `k8s-cost ${version} contains the following software.\n\n${parts.join('\n')}`
}

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readCatalog } from '../../src/collect/catalog-file.js'
import { FailureError } from '../../src/failure.js'

it('a price catalog that cannot be read is told of with what the user can do', async () => {
  const error: unknown = await readCatalog('/no/such/catalog.json').catch((thrown: unknown) => thrown)
  if (!(error instanceof FailureError) || error.failure.kind !== 'bad-input') throw new Error('no failure of the input')
  expect(error.failure.fix).not.toContain('catalog update')
  const [file = ''] = /data\/\S+\.gz/.exec(error.failure.fix) ?? []
  await expect(readCatalog(new URL(`../../${file}`, import.meta.url).pathname)).resolves.toHaveProperty('regions')
})

it('the README names what is promised and not there yet', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const missing = readme.split('Not in this version')[1] ?? ''
  for (const name of ['diff', 'schema', 'catalog update', 'arm64', 'right-sized-requests', '--usage', 'html,focus,iac'])
    expect(missing).toContain(name)
})

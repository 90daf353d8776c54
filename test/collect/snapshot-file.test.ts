import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSnapshot } from '../../src/collect/snapshot-file.js'

const object = (apiVersion: string, kind: string, uid: string, creationTimestamp: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name: 'one', uid, creationTimestamp, ...(kind === 'Pod' ? { namespace: 'default' } : {}) },
  spec,
})
const fileOf = (...items: readonly object[]): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'k8s-cost-')), 'list.json')
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  return file
}
const read = (...files: readonly string[]) => readSnapshot(files, () => undefined)

describe('two objects of one name in one list', () => {
  const claim = (uid: string, day: number) =>
    object('karpenter.sh/v1', 'NodeClaim', uid, `2026-11-0${day}T00:00:00Z`, { expireAfter: `${day}h` })
  const pod = (uid: string, day: number) =>
    object('v1', 'Pod', uid, `2026-11-0${day}T00:00:00Z`, { nodeName: `n${day}`, containers: [{ name: 'c' }] })

  it('are one that was made anew while its pages were read: the later one is kept, and it is said', async () => {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      const { nodeClaims, pods, findings } = await read(
        fileOf(...order.flatMap((day) => [claim(`c${day}`, day), pod(`p${day}`, day)])),
      )
      expect(pods.map(({ nodeName }) => nodeName)).toEqual(['n2'])
      expect(nodeClaims.map(({ metadata }) => metadata.createdAt)).toEqual(['2026-11-02T00:00:00Z'])
      expect(findings.map(({ code }) => code).sort()).toEqual(['nodeclaim-listed-twice', 'pod-listed-twice'])
    }
  })

  it('are a failure where they have one uid, or come from two files', async () => {
    await expect(read(fileOf(claim('c1', 1), claim('c1', 2)))).rejects.toThrow('a second, different NodeClaim one')
    await expect(read(fileOf(claim('c1', 1)), fileOf(claim('c2', 2)))).rejects.toThrow(
      'a second, different NodeClaim one',
    )
  })
})

describe('lists', () => {
  const pod = (name: string) => ({ kind: 'Pod', metadata: { name, namespace: 'shop', uid: name } })
  const written = (text: string): string => {
    const file = join(mkdtempSync(join(tmpdir(), 'k8s-cost-')), 'list.json')
    writeFileSync(file, text)
    return file
  }
  /** Beyond the size up to which a file is parsed in one go. */
  const AT_LENGTH = ' '.repeat(33 * 1024 * 1024)

  it('are unpacked where they stand in a list, as jq joins them', async () => {
    const node = { metadata: { name: 'n1', uid: 'n1' } }
    const nested = [
      { kind: 'NodeList', items: [node] },
      { kind: 'List', items: [{ kind: 'PodList', items: [{ metadata: pod('a').metadata }] }] },
      pod('b'),
    ]
    const text = JSON.stringify({ kind: 'List', items: nested })
    for (const each of [text, `${AT_LENGTH}${text}`]) {
      const { nodes, pods, findings } = await read(written(each))
      expect(nodes.map(({ metadata }) => metadata.name)).toEqual(['n1'])
      expect(pods.map(({ metadata }) => metadata.name)).toEqual(['a', 'b'])
      expect(findings).toEqual([])
    }
  })

  it('without an array of items are refused: they would pass as a cluster in which there is nothing', async () => {
    const refused = (text: string, found: string) =>
      expect(read(written(text))).rejects.toThrow(`a List whose items are ${found}, not an array`)
    await refused('{"kind":"List"}', 'missing')
    await refused('{"kind":"List","items":null}', 'null')
    await refused('{"kind":"List","items":[{"kind":"List","items":"x"}]}', 'a JSON string')
    await refused('{"kind":"List","items":{"a":1}}', 'a JSON object')
    await refused(`${AT_LENGTH}{"kind":"List","items":{"a":1}}`, 'a JSON object')
  })
})

import { createBoard } from '../../src/pack/board/board.js'
import { sceneOf, unseenSite, type RawCase } from './case.js'

/** What differs from the expectation; empty: the case passes. */
export function checkFilter(raw: RawCase): string[] {
  const { namespaces, sites, bound, pod } = sceneOf(raw)
  if (pod === undefined) return ['the case has no pod']
  const board = createBoard({ namespaces, pods: [...bound, pod] })
  const index = new Map<string, number>()
  for (const site of sites) index.set(site.name, board.addSite(site))
  for (const one of bound) {
    const at = index.get(one.nodeName) ?? board.addSite(unseenSite(one.nodeName))
    index.set(one.nodeName, at)
    board.place(one, at, 'held')
  }
  const differences: string[] = []
  const gated = pod.spec.schedulingGates.length > 0
  for (const { name } of sites) {
    const at = index.get(name)!
    const elsewhere = pod.nodeName !== '' && pod.nodeName !== name
    const fits = board.fits(pod, at) && !gated && !elsewhere
    const wanted = raw.expect.fits?.includes(name) ?? false
    const refusals = board.refusals(pod, at)
    const filters = refusals.map((each) => (each.kind === 'short' ? 'NodeResourcesFit' : each.filter))
    if (elsewhere) filters.push('NodeName')
    const told = refusals
      .map((each) => (each.kind === 'short' ? JSON.stringify(each.shortfalls) : each.detail))
      .join('; ')
    if (fits !== wanted) differences.push(fits ? `${name} takes it` : `${name} refuses it: ${told}`)
    if (board.fits(pod, at) !== (refusals.length === 0))
      differences.push(`${name}: fits and refusals disagree: ${told}`)
    const rejecter = raw.expect.rejects?.[name]
    if (rejecter !== undefined && !filters.some((filter) => filter === rejecter)) {
      differences.push(`${name}: ${rejecter} does not refuse it, but ${filters.join(', ') || 'nothing'}`)
    }
  }
  return differences
}

import { expect, test } from 'vitest'
import type { LogOptions } from '../src/options.js'
import { openReporting, printable } from '../src/progress.js'

const OPTIONS: LogOptions = { logLevel: 'info', logFormat: 'text', color: true, quiet: false }

async function reporting(options: Partial<LogOptions>, isTTY: boolean) {
  let text = ''
  const stderr = { isTTY, columns: 20, write: (more: string) => (text += more) }
  return { ...(await openReporting({ ...OPTIONS, ...options }, stderr)), text: () => text }
}

test('at a terminal: one line that is replaced, cut to the width, and taken away for a log line', async () => {
  const { progress, log, text } = await reporting({}, true)
  progress.show('reading 12,000 pods of the cluster')
  log.warn('no price', { type: 'x1.large' })
  progress.clear()
  expect(text()).toBe('\r\x1b[2Kreading 12,000 pods\r\x1b[2K\x1b[33mwarn\x1b[0m: no price type=x1.large\n')
})

test('without a terminal: no progress, no colours', async () => {
  const { progress, log, text } = await reporting({}, false)
  progress.show('reading')
  log.debug('below the level')
  log.info('started')
  expect(text()).toBe('info: started\n')
})

test('quiet: only errors', async () => {
  const { progress, log, text } = await reporting({ quiet: true, color: false }, true)
  progress.show('reading')
  log.warn('careful')
  log.error('broken')
  expect(text()).toBe('error: broken\n')
})

test('JSON: an object a line, with level, time, message and fields', async () => {
  const { progress, log, text } = await reporting({ logFormat: 'json' }, true)
  progress.show('reading')
  log.warn('no price\nat all', { nodes: 3 })
  log.debug('below the level')
  expect(text().endsWith('\n')).toBe(true)
  expect(JSON.parse(text())).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    msg: 'no price\nat all',
    nodes: 3,
  })
})

test('control characters of a cluster do not reach the terminal', async () => {
  const { log, text } = await reporting({ color: false }, true)
  log.error('node \x1b[2Jgone\nfake: line', { name: 'a\tb' })
  expect(text()).toBe('error: node  [2Jgone fake: line name=a b\n')
  expect(printable('größe 🙂')).toBe('größe 🙂')
})

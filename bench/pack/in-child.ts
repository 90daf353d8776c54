import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Answer } from './child.js'
import type { Task } from './measure.js'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
/** A planner that has not ended by then has no end. */
const TIMEOUT_MS = 30 * 60_000

/** Works on a task in a process of its own, so that memory and compiled code of one problem say nothing of the next. */
export const inChild = (task: Task): Promise<Answer> =>
  new Promise((resolve) => {
    const child = fork(CHILD)
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      resolve({ kind: 'failed', why: `not done after ${TIMEOUT_MS / 60_000} minutes` })
    }, TIMEOUT_MS)
    child.once('message', (answer: Answer) => resolve(answer))
    child.once('error', (error) => resolve({ kind: 'failed', why: error.message }))
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      resolve({ kind: 'failed', why: `its process ended with ${signal ?? `exit code ${code}`}` })
    })
    child.send(task)
  })

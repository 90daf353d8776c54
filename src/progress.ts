import type { LogLevel, LogOptions } from './options.js'

/** What a person at a terminal sees while the program works: one line that changes. */
export type Progress = {
  /** Replaces the line. */
  readonly show: (text: string) => void
  /** Removes the line. */
  readonly clear: () => void
}

export type Fields = Readonly<Record<string, string | number | boolean>>
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: Fields) => void>>

/** The part of a stream that is needed to write lines for people. */
export type Terminal = {
  readonly write: (text: string) => unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
}

/**
 * Progress and log of a run, both on `stderr`, so that standard output holds results only. Progress is shown where a
 * terminal is there and nobody asked for quiet; the log says less then too. A log line takes the progress line away.
 */
export async function openReporting(
  options: LogOptions,
  stderr: Terminal,
): Promise<{ readonly progress: Progress; readonly log: Logger }> {
  const progress = openProgress(options, stderr)
  const level = options.quiet ? 'error' : options.logLevel
  const write = options.logFormat === 'json' ? await jsonWriter(stderr) : textWriter(options, stderr)
  const at = (of: LogLevel): Logger[LogLevel] => {
    if (SEVERITY[of] < SEVERITY[level]) return () => undefined
    return (message, fields = {}) => {
      progress.clear()
      write(of, message, fields)
    }
  }
  return { progress, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

function openProgress(options: LogOptions, stderr: Terminal): Progress {
  if (stderr.isTTY !== true || options.quiet || options.logFormat === 'json') {
    return { show: () => undefined, clear: () => undefined }
  }
  let shown = false
  return {
    show: (text) => {
      // One column stays free: a line that fills the last one makes some terminals wrap.
      stderr.write(`\r\x1b[2K${printable(text).slice(0, (stderr.columns ?? 80) - 1)}`)
      shown = true
    },
    clear: () => {
      if (shown) stderr.write('\r\x1b[2K')
      shown = false
    },
  }
}

type Write = (level: LogLevel, message: string, fields: Fields) => void

const COLORS: Readonly<Record<LogLevel, number>> = { debug: 2, info: 36, warn: 33, error: 31 }

function textWriter(options: LogOptions, stderr: Terminal): Write {
  const colored = options.color && stderr.isTTY === true
  return (level, message, fields) => {
    const label = colored ? `\x1b[${COLORS[level]}m${level}\x1b[0m` : level
    const extras = Object.entries(fields).map(([key, value]) => ` ${key}=${printable(String(value))}`)
    stderr.write(`${label}: ${printable(message)}${extras.join('')}\n`)
  }
}

/** One JSON object a line, as log collectors take them; the logger is loaded only here. */
async function jsonWriter(stderr: Terminal): Promise<Write> {
  // Bundled, a CommonJS package has its default export only.
  const { default: pino } = await import('pino')
  const logger = pino(
    {
      level: 'debug',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => void stderr.write(line) },
  )
  return (level, message, fields) => logger[level](fields, message)
}

/** Names from a cluster end up in messages: control characters in them must not reach a terminal. */
export const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')

// Draws docs/report.svg, the picture in the README, from the sample report: its first sentence, what to do, and the
// scenarios. Run it after the sample has changed: node tools/make-picture.mjs
// (--print only prints it)
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))

const CHARACTER = 7.25
const LINE = 20
const MARGIN = 24
const WIDTH = 980
const COLUMNS = {
  'What to do': ['Node group', 'Nodes', '$/month', 'Remove', 'Add'],
  Scenarios: ['Scenario', 'Nodes', '$/month', 'Saving', 'Gap', 'Spot', 'CPU', 'Memory', 'Pods moved', 'Feasible'],
}
const WIDEST = 46

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const cut = (text) => (text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text)
const cells = (line) =>
  line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

function wrap(text, most) {
  const lines = ['']
  for (const word of text.split(' ')) {
    if (lines.at(-1).length + word.length + 1 > most) lines.push(word)
    else lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim()
  }
  return lines
}

/** The first table under a heading, with the columns that the picture has room for. */
function tableUnder(report, heading) {
  const lines = report.slice(report.indexOf(`## ${heading}`)).split('\n')
  const first = lines.findIndex((line) => line.startsWith('|'))
  const rest = lines.slice(first).findIndex((line) => !line.startsWith('|'))
  const [header, rule, ...rows] = lines.slice(first, first + rest).map(cells)
  const wanted = COLUMNS[heading].map((name) => header.indexOf(name)).filter((at) => at >= 0)
  const right = wanted.map((at) => rule[at].endsWith(':'))
  return { right, rows: [header, ...rows].map((row) => wanted.map((at) => cut(row[at]))) }
}

/** The picture as SVG text. */
function picture(report) {
  const out = []
  let y = MARGIN + 14
  const put = (x, text, style = '') => out.push(`<text x="${x.toFixed(1)}" y="${y}"${style}>${escape(text)}</text>`)
  const title = report.split('\n')[0].replace('# ', '')
  put(MARGIN, title, ' class="title"')
  y += 30
  for (const line of wrap(report.split('\n')[2], 118)) {
    put(MARGIN, line)
    y += LINE
  }
  for (const heading of Object.keys(COLUMNS)) {
    y += 18
    put(MARGIN, heading, ' class="heading"')
    y += 10
    const { right, rows } = tableUnder(report, heading)
    const widths = rows[0].map((_, at) => Math.max(...rows.map((row) => row[at].length)) * CHARACTER + 16)
    for (const [rank, row] of rows.entries()) {
      y += LINE
      const fill =
        rank === 0 ? '#eaeef2' : row[0] === 'recommended' ? '#dafbe1' : rank % 2 === 0 ? '#f6f8fa' : '#ffffff'
      const whole = widths.reduce((sum, width) => sum + width, 0)
      out.push(`<rect x="${MARGIN}" y="${y - 14}" width="${whole.toFixed(1)}" height="${LINE}" fill="${fill}"/>`)
      let x = MARGIN
      for (const [at, cell] of row.entries()) {
        const style = `${right[at] ? ' text-anchor="end"' : ''}${rank === 0 ? ' class="head"' : ''}`
        put(right[at] ? x + widths[at] - 8 : x + 8, cell, style)
        x += widths[at]
      }
    }
    y += LINE
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y + 4}" viewBox="0 0 ${WIDTH} ${y + 4}">`,
    '<style>text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1f2328;white-space:pre}',
    '.title{font-size:18px;font-weight:bold}.heading{font-size:14px;font-weight:bold}.head{font-weight:bold}</style>',
    `<rect width="${WIDTH}" height="${y + 4}" fill="#ffffff" stroke="#d1d9e0"/>`,
    ...out,
    '</svg>',
    '',
  ].join('\n')
}

const svg = picture(readFileSync(path('reports/sample/report.md'), 'utf8'))
if (process.argv[2] === '--print') process.stdout.write(svg)
else writeFileSync(path('docs/report.svg'), svg)

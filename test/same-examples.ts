/**
 * Properties draw the same examples in every run, so that a commit is green or it is not. FUZZ=1 draws new ones, and
 * FUZZ=<seed> those of a run that failed.
 */
import fc from 'fast-check'

const { FUZZ = '' } = process.env
if (FUZZ !== '1') fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: FUZZ === '' ? 20_261_121 : Number(FUZZ) })

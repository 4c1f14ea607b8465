import { ServiceError, UnreachableError } from '../../api/errors.ts'

const openCodes: readonly string[] = ['CONFIRMATION_PENDING', 'OUTCOME_UNKNOWN']

/** May the ledger have taken it although nobody said so? */
export const isOpenEnd = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ServiceError && openCodes.includes(error.code))

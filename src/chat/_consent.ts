/** What a user says to a write that waits for them. Only a message that says nothing else counts. */
export function consentOf(text: string): 'yes' | 'no' | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/[.!\s]+$/, '')
  if (yes.has(words)) return 'yes'
  return no.has(words) ? 'no' : undefined
}

const yes = new Set([
  'yes',
  'y',
  'ok',
  'okay',
  'sure',
  'approve',
  'approved',
  'confirm',
  'confirmed',
  'go ahead',
  'do it',
  'yes please',
  'yes, please',
  'i approve',
  'ja',
])
const no = new Set([
  'no',
  'n',
  'nope',
  'cancel',
  'decline',
  'declined',
  "don't",
  'do not',
  'stop',
  'no thanks',
  'no, thanks',
  'nein',
])

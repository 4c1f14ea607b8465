import nock from 'nock'

// Nothing leaves this machine: a test that reaches for another host fails at once.
nock.disableNetConnect()
nock.enableNetConnect(/^(127\.0\.0\.1|localhost|\[::1\])/)

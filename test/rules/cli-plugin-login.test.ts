/** When the credential plugin may open a login by browser. */
import { expect } from 'chai';
import { mayOpenLogin, patienceSeconds, type Caller } from '../../cli/plugin-login-rules.ts';

describe('CLI rule: a login that kubectl opens', () => {
  const interactive = JSON.stringify({ kind: 'ExecCredential', spec: { interactive: true } });
  const typed: Caller = {
    variables: { KUBERNETES_EXEC_INFO: interactive },
    ...{ isStderrTerminal: true, callerStdout: 'terminal', provider: 'okta', failedAt: undefined, now: 1_000_000 },
  };
  const info = (text: string | undefined): Partial<Caller> => ({ variables: text === undefined ? {} : { KUBERNETES_EXEC_INFO: text } });

  it('is for whoever typed kubectl at a terminal', () => {
    expect(mayOpenLogin(typed)).to.equal(true);
    expect(mayOpenLogin({ ...typed, callerStdout: undefined })).to.equal(true);
  });
  const never: Readonly<Record<string, Partial<Caller>>> = {
    'for a session of a password or a key': { provider: null },
    'where the person said never': { variables: { KUBERNETES_EXEC_INFO: interactive, INFRA_PLUGIN_LOGIN: 'never' } },
    'from a completion, whose errors go nowhere': { isStderrTerminal: false },
    'from a prompt or a pipe, which take its output': { callerStdout: 'elsewhere' },
    'where kubectl has no input from a person': info(JSON.stringify({ spec: { interactive: false } })),
    'where kubectl says nothing of it': info(undefined),
    'where what it says is not understood': info('{'),
    'where what it says is nothing': info('null'),
    'a moment after one that failed': { failedAt: 999_000 },
  };
  for (const [when, change] of Object.entries(never))
    it(`is not opened ${when}`, () => expect(mayOpenLogin({ ...typed, ...change })).to.equal(false));

  it('is opened again ten minutes after one that failed', () => {
    expect(mayOpenLogin({ ...typed, failedAt: typed.now - 600_001 })).to.equal(true);
  });

  it('is waited for two minutes, or as the person says', () => {
    expect(patienceSeconds({})).to.equal(120);
    expect(patienceSeconds({ INFRA_PLUGIN_LOGIN: '30s' })).to.equal(30);
    expect(patienceSeconds({ INFRA_PLUGIN_LOGIN: '3h' })).to.equal(600);
    expect(patienceSeconds({ INFRA_PLUGIN_LOGIN: 'soon' })).to.equal(120);
  });
});

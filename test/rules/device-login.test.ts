/** The numbers and words of a login by a code (RFC 8628), on both sides. */
import { expect } from 'chai';
import { afterRefusal, afterSilence } from '../../cli/device-login/device-poll-rules.ts';
import { meantUserCode, paceAfter, shownUserCode, userCodeLetters } from '../../server/login/device-login-rules.ts';
import { loginMethodsOf } from '../../server/login/login-method-rules.ts';
import { newUserCode } from '../../server/login/secrets.ts';
import { answerTo, codeSecondsOf, signInHref } from '../../server/login/login-purpose-rules.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { ApiError, UnreachableError } from '../../shared/client.ts';

const refusal = (code: ProblemCode | 'something.new', status = 400): ApiError =>
  new ApiError({ type: 'x', title: 'x', status, code, detail: 'x' });
const pace = { intervalSeconds: 5, isSilent: false };

describe('a login by a code, its rules', () => {
  it('its code is of eight consonants, all of them, shown in two halves (RFC 8628 §6.1)', () => {
    const codes = Array.from({ length: 500 }, newUserCode);
    for (const code of codes) expect(code).to.match(/^[BCDFGHJKLMNPQRSTVWXZ]{8}$/);
    expect(new Set(codes.join('')).size).to.equal(userCodeLetters.length);
    expect(shownUserCode('BCDFGHJK')).to.equal('BCDF-GHJK');
  });

  it('its code is meant however it is typed: case, dashes and spaces do not matter, letters do', () => {
    for (const typed of ['BCDFGHJK', 'bcdf-ghjk', ' bcdf ghjk\n', 'BC–DF—GH.JK', 'B C D F G H J K'])
      expect(meantUserCode(typed)).to.equal('BCDFGHJK');
    for (const typed of ['', 'BCDFGHJ', 'BCDFGHJKL', 'BCDFGHJ0']) expect(meantUserCode(typed)).to.not.equal('BCDFGHJK');
  });

  it('whoever asks too soon waits five seconds more from then on, counted from the last question (RFC 8628 §3.5)', () => {
    const at = (intervalSeconds: number, polledAt: number | undefined, now: number) => paceAfter({ intervalSeconds, polledAt }, now);
    expect(at(5, undefined, 0)).to.deep.equal({ isTooFast: false, intervalSeconds: 5 });
    expect(at(5, 1000, 6000)).to.deep.equal({ isTooFast: false, intervalSeconds: 5 });
    expect(at(5, 1000, 5999)).to.deep.equal({ isTooFast: true, intervalSeconds: 10 });
    expect(at(10, 5999, 15_998)).to.deep.equal({ isTooFast: true, intervalSeconds: 15 });
    expect(at(15, 0, 15_000)).to.deep.equal({ isTooFast: false, intervalSeconds: 15 });
  });

  it('the CLI asks on while it is pending, more slowly when it is told to, ever more slowly when nobody answers, and else not', () => {
    expect(afterRefusal(pace, refusal('device-login.authorization-pending'))).to.deep.equal(pace);
    expect(afterRefusal(pace, refusal('device-login.slow-down'))).to.deep.equal({ intervalSeconds: 10, isSilent: false });
    for (const code of ['device-login.access-denied', 'device-login.expired-token', 'login.rate-limited', 'something.new'] as const) {
      expect(afterRefusal(pace, refusal(code)), code).to.equal(undefined);
      expect(afterSilence(pace, refusal(code)), code).to.equal(undefined);
    }
    expect(afterSilence(pace, new UnreachableError('x'))).to.deep.equal({ intervalSeconds: 10, isSilent: true });
    expect(afterSilence({ ...pace, intervalSeconds: 40 }, refusal('server.failed', 500))).to.deep.equal({
      intervalSeconds: 60,
      isSilent: true,
    });
    expect(afterSilence(pace, new TypeError('ours'))).to.equal(undefined);
  });

  it('is told as open or as closed, never as both, and apart from a server that knows none', () => {
    const of = (deviceLogin: boolean) => loginMethodsOf({ deviceLogin, hasProviders: true });
    expect([of(true).loginMethods.includes('device'), of(true).closedLoginMethods]).to.deep.equal([true, []]);
    expect([of(false).loginMethods.includes('device'), of(false).closedLoginMethods]).to.deep.equal([false, ['device']]);
    expect(loginMethodsOf({ deviceLogin: true, hasProviders: false }).loginMethods).to.not.include('browser');
  });

  it('a sign-in for a terminal elsewhere stays on this server, and leaves time to read', () => {
    const purpose = { kind: 'device', deviceLoginId: 'tok_1' } as const;
    expect(signInHref(purpose, 'a&b')).to.equal('/device/sign-in?provider=a%26b');
    expect(answerTo(purpose, { code: 'infra_code_x' })).to.equal('/device/approve?code=infra_code_x');
    expect(answerTo(purpose, { error: 'login.denied', error_description: 'Text of somebody.' })).to.equal(
      '/device/failed?error=login.denied',
    );
    expect(codeSecondsOf(purpose)).to.equal(600);
  });
});

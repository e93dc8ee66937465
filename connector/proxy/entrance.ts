/** What happens to a request once it is there, whichever protocol brought it. */
import type { Admission, Admitted, Refused } from './admission.ts';
import type { Exchange } from './exchange.ts';
import type { KubeProxy } from './kube-proxy.ts';
import type { Refusal } from './status.ts';

export interface Entrance {
  /** Admits and forwards; else `turnAway` answers, as its protocol has it. */
  serve(exchange: Exchange, turnAway: (refusal: Refusal) => void): void;
}

export function createEntrance(admission: Admission, proxy: KubeProxy): Entrance {
  const conclude = (exchange: Exchange, result: Admitted | Refused, turnAway: (refusal: Refusal) => void): void => {
    if (result.kind === 'refused') {
      turnAway(result.refusal);
      return;
    }
    if (exchange.isClosed) {
      result.slot.release();
      result.record.ended(0, 'the connection broke');
      return;
    }
    proxy.forward(exchange, result);
  };
  return {
    serve: (exchange, turnAway) => {
      const result = admission.admit(exchange.head, false);
      if (result instanceof Promise) void result.then((late) => conclude(exchange, late, turnAway));
      else conclude(exchange, result, turnAway);
    },
  };
}

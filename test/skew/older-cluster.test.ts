import { describeSkew } from './skew-suite.ts';

describeSkew({ kubectl: 'pinned', cluster: 'older' });

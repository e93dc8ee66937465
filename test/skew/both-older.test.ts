import { describeSkew } from './skew-suite.ts';

describeSkew({ kubectl: 'older', cluster: 'older' });

/** Before any schema is made: zod would otherwise try to compile them with `new Function`, which the page's policy reports. */
import { z } from 'zod';

z.config({ jitless: true });

/** A QR code of half blocks, light on dark as most terminals are; apps read the other way round too. The one door to uqr. */
import { renderUnicodeCompact } from 'uqr';

/** Its lines; with the light border that readers need (ISO/IEC 18004 asks for four modules, they do with two). */
export const qrCodeLines = (text: string): string[] => renderUnicodeCompact(text, { border: 2 }).split('\n');

// Puts a body together from text and raw bytes with one allocation: what was stored is copied, never parsed or written anew.

export type Piece = string | Buffer;

export function joinPieces(pieces: readonly Piece[]): Buffer {
  const body = Buffer.allocUnsafe(pieces.reduce((sum, piece) => sum + pieceBytes(piece), 0));
  let at = 0;
  for (const piece of pieces) at += typeof piece === 'string' ? body.write(piece, at) : piece.copy(body, at);
  return body;
}

export const pieceBytes = (piece: Piece): number =>
  typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;

/** A JSON string literal. Lone surrogates come out escaped, so that the bytes are always valid UTF-8. */
export const jsonText = (text: string): string => JSON.stringify(text);

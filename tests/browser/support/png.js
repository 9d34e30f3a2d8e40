// Writes PNG without filters. Screenshots are flat colours and text, and deflate compresses these better than the
// differences between pixels that a browser writes.

import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = 8;
/** The bytes of a pixel, for the colour types that browsers write, at eight bits a channel. */
const CHANNELS = { 2: 3, 6: 4 };

/** The same picture in fewer bytes. Returns `png` itself if its kind is not supported or the result is not smaller. */
export function smaller(png) {
  const chunks = [...read(png)];
  const header = chunks.find(({ type }) => type === 'IHDR').data;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colour, , , interlaced] = header.subarray(8);
  if (depth !== 8 || !(colour in CHANNELS) || interlaced) return png;
  const raw = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const data = deflateSync(unfiltered(raw, width * CHANNELS[colour], height, CHANNELS[colour]), { level: 9, memLevel: 9 });
  const written = Buffer.concat([
    png.subarray(0, SIGNATURE),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
  return written.length < png.length ? written : png;
}

function* read(png) {
  for (let at = SIGNATURE; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) };
    at += length + 12;
  }
}

function chunk(type, data) {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

/** Undoes each row's filter (PNG, section 9). `raw` and the result have a filter's number before each row. */
function unfiltered(raw, row, height, pixel) {
  const out = Buffer.alloc(raw.length);
  for (let y = 0; y < height; y++) {
    const start = y * (row + 1) + 1;
    const filter = raw[start - 1];
    for (let x = 0; x < row; x++) {
      const left = x >= pixel ? out[start + x - pixel] : 0;
      const up = y ? out[start + x - row - 1] : 0;
      const corner = y && x >= pixel ? out[start + x - row - 1 - pixel] : 0;
      const guess = [0, left, up, (left + up) >> 1, filter === 4 ? nearest(left, up, corner) : 0][filter];
      out[start + x] = raw[start + x] + guess;
    }
  }
  return out;
}

function nearest(left, up, corner) {
  const [a, b, c] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

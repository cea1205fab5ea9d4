// Incremental reader of multipart/x-mixed-replace (RFC 2046, section 5.1). Pure: bytes go in, parts come out.
// Every part must have a Content-Length, so that no picture is searched for the delimiter.

const LF = 10;
const LINE_MAX_BYTES = 1024;
const HEADERS_MAX = 32;
const BODY_MAX_BYTES = 64 * 1024 * 1024;

const latin1 = new TextDecoder('latin1');

// The boundary in a Content-Type. Throws if it has none.
export function boundaryOf(contentType) {
  const match = /^multipart\/[^;]+;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType ?? '');
  if (match === null) throw new Error('the answer is not a stream of frames');
  return match[1] ?? match[2];
}

export class MultipartParser {
  #delimiter;
  #line = ''; // received so far of the current line
  #headers = null; // of the current part; null before its delimiter
  #body = null; // of the current part; null before the end of its headers
  #filled = 0;

  constructor(boundary) {
    this.#delimiter = `--${boundary}`;
  }

  // Takes the next bytes, which may begin and end anywhere, and returns the parts that they complete:
  // { headers, body }, a Map with names in lower case and a Uint8Array. Throws on malformed bytes.
  push(chunk) {
    const parts = [];
    let at = 0;
    while (at < chunk.length) {
      at = this.#body === null ? this.#readLine(chunk, at) : this.#readBody(chunk, at, parts);
    }
    return parts;
  }

  #readLine(chunk, at) {
    const found = chunk.indexOf(LF, at);
    const end = found < 0 ? chunk.length : found;
    if (this.#line.length + end - at > LINE_MAX_BYTES) throw new Error('a line of the stream is too long');
    this.#line += latin1.decode(chunk.subarray(at, end));
    if (found < 0) return end;
    this.#takeLine(this.#line.replace(/\r$/, ''));
    this.#line = '';
    return end + 1;
  }

  #takeLine(line) {
    if (this.#headers === null) {
      if (line === this.#delimiter) this.#headers = new Map();
    } else if (line === '') {
      this.#beginBody();
    } else {
      this.#takeHeader(line);
    }
  }

  #takeHeader(line) {
    const colon = line.indexOf(':');
    if (colon <= 0 || this.#headers.size === HEADERS_MAX) throw new Error('a part has malformed headers');
    this.#headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }

  #beginBody() {
    const text = this.#headers.get('content-length') ?? '';
    const length = Number(text);
    if (!/^\d+$/.test(text) || length === 0 || length > BODY_MAX_BYTES) {
      throw new Error(`a part has no usable Content-Length: "${text}"`);
    }
    this.#body = new Uint8Array(length);
    this.#filled = 0;
  }

  #readBody(chunk, at, parts) {
    const piece = chunk.subarray(at, at + this.#body.length - this.#filled);
    this.#body.set(piece, this.#filled);
    this.#filled += piece.length;
    if (this.#filled === this.#body.length) {
      parts.push({ headers: this.#headers, body: this.#body });
      this.#headers = null;
      this.#body = null;
    }
    return at + piece.length;
  }
}

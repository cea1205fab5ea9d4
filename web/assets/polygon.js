// Polygons in fractions of a picture, as the configuration has them: lists of points [x, y] from its upper left corner.

export const POINTS_MIN = 3;
export const POINTS_MAX = 32;
const DECIMALS = 1000;

// A point as it is written: three decimals, within the picture.
export const roundPoint = (point) => point.map((number) => Math.round(DECIMALS * Math.min(1, Math.max(0, number))) / DECIMALS);

const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
const isBetween = (value, a, b) => value >= Math.min(a, b) && value <= Math.max(a, b);
const isOn = ([from, to], point) => turn(from, to, point) === 0 &&
  isBetween(point[0], from[0], to[0]) && isBetween(point[1], from[1], to[1]);

function meet(a, b) {
  const isApart = ([from, to], other) => Math.sign(turn(from, to, other[0])) * Math.sign(turn(from, to, other[1])) >= 0;
  return (!isApart(a, b) && !isApart(b, a)) || isOn(a, b[0]) || isOn(a, b[1]) || isOn(b, a[0]) || isOn(b, a[1]);
}

// Of two sides of which the second begins where the first ends: whether it runs back.
const foldsBack = ([from, middle], [, to]) => turn(from, middle, to) === 0 &&
  (from[0] - middle[0]) * (to[0] - middle[0]) + (from[1] - middle[1]) * (to[1] - middle[1]) > 0;

function cross(sides, i, j) {
  if (j === i + 1) return foldsBack(sides[i], sides[j]);
  if ((j + 1) % sides.length === i) return foldsBack(sides[j], sides[i]);
  return meet(sides[i], sides[j]);
}

// Why the server would refuse it; '': it would not.
export function faultOf(points) {
  if (points.length < POINTS_MIN) return `It needs ${POINTS_MIN} points at least.`;
  const sides = points.map((point, index) => [point, points[(index + 1) % points.length]]);
  if (sides.some(([[ax, ay], [bx, by]]) => ax === bx && ay === by)) return 'Two of its points are the same.';
  for (let i = 0; i < sides.length; i++) {
    for (let j = i + 1; j < sides.length; j++) {
      if (cross(sides, i, j)) return 'It crosses itself.';
    }
  }
  return '';
}

const pointsText = (points) => `[${points.map(([x, y]) => `[${x}, ${y}]`).join(', ')}]`;
const listText = (entries, indent) => `[\n${entries.map((entry) => `${indent}  ${entry}`).join(',\n')}\n${indent}]`;

// What to paste into the camera's object of the configuration. areas: { kind, name, points, sensitivity }, of the kinds
// mask, zone and privacy. motion: whether "motion" is there in any case.
export function configurationOf(areas, motion) {
  const of = (kind) => areas.filter((area) => area.kind === kind);
  const members = [];
  if (of('privacy').length > 0) {
    members.push(`"privacy_masks": ${listText(of('privacy').map(({ points }) => pointsText(points)), '')}`);
  }
  const parts = [];
  if (of('mask').length > 0) parts.push(`"masks": ${listText(of('mask').map(({ points }) => pointsText(points)), '  ')}`);
  if (of('zone').length > 0) {
    const zones = of('zone').map(({ name, points, sensitivity }) => {
      const own = sensitivity == null ? '' : `, "sensitivity": ${sensitivity}`;
      return `{ "name": ${JSON.stringify(name)}, "polygon": ${pointsText(points)}${own} }`;
    });
    parts.push(`"zones": ${listText(zones, '  ')}`);
  }
  if (parts.length > 0) {
    members.push(`"motion": {\n  ${parts.join(',\n  ')}\n}`);
  } else if (motion) {
    members.push('"motion": {}');
  }
  return members.join(',\n');
}

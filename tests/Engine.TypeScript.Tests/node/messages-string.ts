// A message of each shape, as somebody writes it who has the generated types: the compiler checks them, round-trip.mjs sends them.
import { decodeShapesHandlerToClient, encodeOrder, encodeShapesHandlerToServer, type Mood, type Order, type Shape, type ShapesHandlerToClient, type ShapesHandlerToServer } from "./contract.js";

export const messages: ShapesHandlerToServer[] = [
  {
    type: "scalars", flag: false, text: "h\u00e4\ud83d\ude00", letter: "\u00e4", tiny: 0, signedTiny: 127, small: 32767, unsignedSmall: 0, count: 2147483647, unsignedCount: 0,
    serial: "-9223372036854775808", unsignedSerial: "18446744073709551615", ratio: -0.25, share: 1e-300, price: "-0.000000000000000001", id: "fedcba98-7654-3210-fedc-ba9876543210",
    link: "/relative?a=b", planned: "2031-02-03T04:05:06.789Z", sent: "2031-02-03T04:05:06.789+00:00", day: "1999-12-31", hour: "23:59:59", wait: "00:00:01", picture: "AP8=",
    anything: [1, { a: null }], mood: "so-so",
  },
  { type: "gaps", nullable: null, nullableCount: 3, nullableSerial: "9007199254740993", named: "n", count: 1, mood: "Good", note: null, hint: "h", read: null, weight: 2, "the-kind": "k" },
  {
    type: "nested", points: [], numbers: null, names: [null, "b"], scores: { "": "1" }, byMood: { Good: { x: 1, y: 2 } }, byNumber: { [-3]: "minus" },
    points1: { items: [], next: "4", first: null }, deep: { items: [{ items: [], next: null, first: { left: "5", right: "r" } }], next: null, first: null },
    shape: { kind: "polygon", mood: "so-so", corners: [{ x: 0, y: 1 }], drawn: "2031-02-03T04:05:06.789+00:00" }, shapes: [], tree: { name: "t", children: null },
  },
  { type: "empty" },
];

// Members that C# gives a value may be left out, and only those.
export const short: ShapesHandlerToServer = { type: "gaps", nullable: null, nullableCount: null, nullableSerial: null, read: null };

// @ts-expect-error a long is never a number
export const rounded: ShapesHandlerToServer = { type: "gaps", nullable: null, nullableCount: null, nullableSerial: 5, read: null };

// @ts-expect-error a required member is missing
export const missing: ShapesHandlerToServer = { type: "gaps", nullable: null, nullableCount: null, nullableSerial: null };

// @ts-expect-error no value of the enum
export const mood: Mood = "Bad";

export const order: Order = { number: "7", path: { items: [], next: null, first: null } };
export const orderText: string = encodeOrder(order);

/** The compiler knows all cases. */
export function area(shape: Shape): number {
  switch (shape.kind) {
    case "circle":
      return shape.radius * shape.radius * Math.PI;
    case "polygon":
      return shape.corners.length;
  }
}

export function nameOf(message: ShapesHandlerToClient): string {
  return message.type === "gaps" ? message.named ?? "" : message.type;
}

export const encode = encodeShapesHandlerToServer;
export const decode = decodeShapesHandlerToClient;

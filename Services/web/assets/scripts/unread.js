// How many messages wait to be read: one number for the bar, looked up when one goes somewhere and each minute that the page is in front.

import { one, session } from "./api.js";
import { h, show } from "./dom.js";

const minute = 60_000;
/** The API counts no further. */
const most = 1000;

/** Null while nobody knows. */
let count = null;
let bell = null;

/** The way to one's messages, with their number. The same element for as long as the page lives. */
export function unreadBell() {
  bell ??= h("a", { class: "bell", href: "#/messages" });
  draw();
  look();
  return bell;
}

/** Somebody read some: so many are left. */
export function setUnread(left) {
  count = left;
  draw();
}

async function look() {
  if (!session.user) return;
  const { id } = session.user;
  try {
    const { unread } = await one("/api/v1/me/notices/unread");
    if (session.user?.id === id) setUnread(unread);
  } catch {
    // The number that was known stays; the page of messages says what is wrong.
  }
}

function draw() {
  if (!bell) return;
  if (!count) return show(bell, "Messages");
  const text = count >= most ? `${most}+` : String(count);
  show(bell, "Messages ", h("span", { class: "mark bad" }, text, h("span", { class: "visually-hidden" }, " not read")));
}

setInterval(() => { if (bell?.isConnected && document.visibilityState === "visible") look(); }, minute);
document.addEventListener("visibilitychange", () => { if (bell?.isConnected && document.visibilityState === "visible") look(); });

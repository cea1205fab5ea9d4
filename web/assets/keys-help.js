// The keys of a page, shown by "?".

export const KEYS = {
  wall: [
    ['Arrow keys', 'select a camera'],
    ['Shift and an arrow key', 'move the camera'],
    ['Enter', 'open the camera'],
    ['/', 'go to the filter'],
    ['0', 'as many cameras as fit'],
    ['1, 4, 9, 6, 5, 7, 8', '1, 4, 9, 16, 25, 36 or 64 cameras'],
    ['T', 'trouble first'],
    ['A', 'acknowledge the troubles'],
    ['E', 'show what happened lately'],
    ['Space', 'pause the pictures; in a kiosk, its pages'],
    ['Page Up, Page Down', 'turn the pages of a kiosk'],
    ['F', 'full screen'],
    ['Escape', 'clear the filter, or leave the kiosk'],
  ],
  camera: [
    ['Left, Right', 'the camera before, and the next'],
    ['+, −', 'zoom in and out'],
    ['Arrow keys', 'move within the zoomed picture'],
    ['0', 'the whole picture'],
    ['Space', 'pause the picture'],
    ['S', 'save the picture'],
    ['F', 'full screen'],
    ['Escape', 'all cameras'],
  ],
};

// Shows the list in the page's dialog, or closes it.
export function toggleKeys(keys) {
  const dialog = document.querySelector('dialog.keys');
  if (dialog.open) {
    dialog.close();
    return;
  }
  dialog.querySelector('dl').replaceChildren(...keys.map(([key, text]) => {
    const row = document.createElement('div');
    const term = document.createElement('dt');
    const description = document.createElement('dd');
    term.textContent = key;
    description.textContent = text;
    row.append(term, description);
    return row;
  }));
  dialog.showModal();
}

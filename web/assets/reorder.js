// Moves tiles to other places, by dragging.

// moveTile(tile, toIndex) does it.
export function allowDragging(list, tiles, moveTile) {
  let dragged = null;
  const markTarget = (tile) => {
    for (const { element } of tiles.all) element.classList.toggle('target', tile?.element === element);
  };

  list.addEventListener('dragstart', (event) => {
    dragged = tiles.at(event.target) ?? null;
    if (dragged === null) return; // selected text
    event.dataTransfer.effectAllowed = 'copyLinkMove';
    event.dataTransfer.setDragImage(dragged.element, 20, 20);
  });
  list.addEventListener('dragover', (event) => {
    const target = tiles.at(event.target);
    if (dragged === null || target === undefined) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'move';
    markTarget(target === dragged ? null : target);
  });
  list.addEventListener('drop', (event) => {
    const target = tiles.at(event.target);
    if (dragged === null || target === undefined) return;
    event.preventDefault();
    moveTile(dragged, tiles.idsInOrder.indexOf(target.id));
  });
  list.addEventListener('dragend', () => {
    dragged = null;
    markTarget(null);
  });
}

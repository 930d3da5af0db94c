// What the reader has chosen, and where we are. Everything that is shown follows from this and from the graph alone.
export const state = {
  time: 0, // how many steps are done: 2.4 is in the middle of the third
  playing: false,
  until: null, // the time at which playing stops; null: at the end
  resume: false, // whether the play goes on by itself after the answer that it waits for
  speed: 1,
  open: new Set(), // the groups that are open
  cover: "", // what is to be predicted: "", "value", "local" or "gradient"
  solved: new Set(), // the steps that were answered, or shown
  selected: null, // the node that the panel tells about
  follow: true, // whether the camera follows the step
  projector: false,
  looked: null, // a group that was just opened: the camera rests on it until the play goes on
};

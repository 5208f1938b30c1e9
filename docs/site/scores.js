// Among pages with the word, those that say how something is done come before those that only list it.
// `var`, since the program that searches declares the name once more.
var Scorer = {
  score: ([page, title, anchor, description, score]) => score + (page.startsWith("how-to/") ? 12 : 0),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: {0: 15, 1: 5, 2: -5},
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};

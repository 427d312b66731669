/**
 * Area under the ROC curve: the probability that a positive scores above a negative, ties counting half, from the
 * positives' mean rank (Mann–Whitney U; Hanley and McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747).
 *
 * Returns NaN unless both classes are there.
 */
export function auc(scores: ArrayLike<number>, isPositive: ArrayLike<number | boolean>): number {
  const order = Array.from(scores, (_, index) => index).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  let positives = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) end++;
    const meanRank = (start + 1 + end) / 2;
    for (let i = start; i < end; i++) {
      if (!isPositive[order[i]!]) continue;
      rankSum += meanRank;
      positives += 1;
    }
    start = end;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

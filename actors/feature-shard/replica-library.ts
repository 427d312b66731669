/** What LMDB says in numbers and words that its types do not tell: how full a file is, and that it is damaged. Pure. */

/** Of the library's `getStats`. */
type TreeStats = { treeBranchPageCount: number; treeLeafPageCount: number; overflowPages: number };
type FileStats = { pageSize: number; lastPageNumber: number; root: TreeStats; free: TreeStats };

const META_PAGES = 2;

/** `readersOpen`: how many read an older state, and so keep what was freed since from being written to. */
export function fileUseOf(
  stats: object,
  readersOpen: number,
): { readonly fileBytes: number; readonly reusableBytes: number } {
  const { pageSize, lastPageNumber, root, free } = stats as FileStats;
  const fileBytes = (lastPageNumber + 1) * pageSize;
  const usedBytes = (META_PAGES + pagesOf(root) + pagesOf(free)) * pageSize;
  return { fileBytes, reusableBytes: readersOpen > 0 ? 0 : Math.max(0, fileBytes - usedBytes) };
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

/** Whether the library says that the file is not what it wrote, in its own words. */
export function isDamage(thrown: unknown): boolean {
  return /MDB_(CORRUPTED|PAGE_NOTFOUND|PANIC|INVALID)/.test(String(thrown));
}

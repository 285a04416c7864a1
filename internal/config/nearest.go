package config

import "slices"

// Nearest returns the candidate with the smallest edit distance from word: what an
// error should suggest. There must be a candidate.
func Nearest(word string, candidates []string) string {
	return slices.MinFunc(candidates, func(a, b string) int {
		return distance(word, a) - distance(word, b)
	})
}

// distance is the Levenshtein distance in bytes, by rows. Only the first 64
// bytes of a count: no setting is longer.
func distance(a, b string) int {
	a = a[:min(len(a), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

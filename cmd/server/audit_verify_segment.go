package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"todomanager/internal/audit"
)

// segmentsReport is what the verification of an archive came to.
type segmentsReport struct {
	Segments []audit.SegmentReport `json:"segments"` // in order of their rows
	Missing  []string              `json:"missing"`  // what there was no proof of
}

// verifySegments verifies an archive without the database.
func (c *auditVerifyCommand) verifySegments(out io.Writer) error {
	var r segmentsReport
	keys, err := c.keys(c.Key)
	if err != nil {
		return err
	}
	if keys == nil {
		r.Missing = append(r.Missing, "no public key: no signature was checked")
	}
	names, err := segmentNames(c.Segment)
	if err != nil {
		return err
	}
	if r.Segments, err = audit.VerifySegments(names, keys); err != nil {
		return err
	}
	slices.SortFunc(r.Segments, func(a, b audit.SegmentReport) int { return cmp.Compare(a.FirstSeq, b.FirstSeq) })
	r.link()
	return r.end(out, c.Output == "json")
}

// segmentNames puts the segments that a folder holds in its place.
func segmentNames(given []string) (names []string, err error) {
	for _, name := range given {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("--segment: %w", err)
		}
		if !info.IsDir() {
			names = append(names, name)
			continue
		}
		found, err := filepath.Glob(filepath.Join(name, "audit-*.jsonl.json"))
		if err != nil || len(found) == 0 {
			return nil, errors.Join(err, fmt.Errorf("--segment: the folder %s has no segments", name))
		}
		names = append(names, found...)
	}
	return names, nil
}

// link compares each segment with the one that goes furthest of those before it.
func (r *segmentsReport) link() {
	furthest := 0
	for i := 1; i < len(r.Segments); i++ {
		before, s := &r.Segments[furthest], &r.Segments[i]
		if s.LastSeq >= before.LastSeq {
			furthest = i
		}
		switch {
		case s.LogID != before.LogID:
			r.Missing = append(r.Missing, fmt.Sprintf("%s and %s belong to different logs", before.File, s.File))
		case s.FirstSeq <= before.LastSeq && !s.Continues(before) && !before.Continues(s):
			r.Missing = append(r.Missing, fmt.Sprintf("rows %d to %d are in %s and in %s: nothing shows that these belong to one history", s.FirstSeq, min(s.LastSeq, before.LastSeq), before.File, s.File))
		case s.FirstSeq > before.LastSeq+1:
			r.Missing = append(r.Missing, fmt.Sprintf("rows %d to %d are in none of the given segments", before.LastSeq+1, s.FirstSeq-1))
		case s.FirstSeq == before.LastSeq+1 && s.PrevHash != before.LastHash && s.Fault == nil:
			s.Fault = &audit.Fault{Seq: s.FirstSeq, Reason: "does not follow the last row of " + before.File}
		}
	}
}

// end prints the report and ends the program with the code that says what it came to.
func (r *segmentsReport) end(out io.Writer, asJSON bool) error {
	verdict, code := "intact", exitOK
	if len(r.Missing) > 0 {
		verdict, code = "as far as could be checked, nothing was changed", exitIncomplete
	}
	for _, s := range r.Segments {
		if s.Fault != nil {
			verdict, code = "TAMPERED", exitTampered
		}
	}
	var err error
	if asJSON {
		err = json.NewEncoder(out).Encode(r)
	} else {
		err = r.print(out, verdict)
	}
	if err != nil || code == exitOK {
		return err
	}
	return exitError{code: code}
}

func (r *segmentsReport) print(out io.Writer, verdict string) error {
	for _, s := range r.Segments {
		state := fmt.Sprintf("rows %d to %d; people were erased from %d of them", s.FirstSeq, s.LastSeq, s.Erased)
		if s.Fault != nil {
			state = "TAMPERED: " + s.Fault.Error()
		}
		fmt.Fprintf(out, "%s: %s\n", s.File, state)
	}
	for _, m := range r.Missing {
		fmt.Fprintf(out, "missing: %s\n", m)
	}
	_, err := fmt.Fprintf(out, "verdict: %s\n", verdict)
	return err
}

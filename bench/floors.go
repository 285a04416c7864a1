package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// floors measures what no durable call can be faster than: the disk, and the store alone.
func floors(ctx context.Context) (lines []string, err error) {
	sync, err := appendAndSync(1000)
	if err != nil {
		return nil, err
	}
	lines = append(lines, fmt.Sprintf("- Appending 4 KiB and fdatasync, p50: %.3f ms.", sync.Seconds()*1e3))
	for _, callers := range []int{1, 16, 64} {
		each, err := storeAlone(ctx, callers)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("- The store alone, a todo with its audit row, durable, %d callers on one core: %.1f µs, %.0f/s.", callers, each/1e3, 1e9/each))
	}
	return lines, nil
}

// appendAndSync returns the median.
func appendAndSync(times int) (time.Duration, error) {
	file, err := os.CreateTemp("", "bench-sync-")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	block := make([]byte, 4096)
	var took []time.Duration
	for range times {
		began := time.Now()
		if _, err := file.Write(block); err != nil {
			return 0, err
		}
		if err := datasync(file); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

var nsPerOp = regexp.MustCompile(`BenchmarkWrite/callers=\d+\s+\d+\s+([0-9.]+) ns/op`)

// storeAlone runs the store's own benchmark on one core and returns nanoseconds a call.
func storeAlone(ctx context.Context, callers int) (float64, error) {
	folder, err := os.MkdirTemp("", "bench-store-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(folder)
	program := filepath.Join(folder, "store.test")
	compile := exec.CommandContext(ctx, "go", "test", "-c", "-o", program, "./internal/store/sqlite")
	compile.Dir, compile.Stderr = "..", os.Stderr
	if err := compile.Run(); err != nil {
		return 0, fmt.Errorf("compile the store's benchmark: %w", err)
	}
	cmd := pinned(0, program, "-test.run", "^$", "-test.bench", fmt.Sprintf("^BenchmarkWrite$/^callers=%d$", callers), "-test.cpu", "1", "-test.benchtime", "3s")
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	found := nsPerOp.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("no figure in %s", out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
}

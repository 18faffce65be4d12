// Scores requests in JSON, one per line of standard input, with a folder that `rocket models pull` wrote.
//
//	go build -o score score.go        # pkg-config must know rocket-serving
//	echo '{"candidates": [{"ad_id": "ad1", "price": 3.5}]}' | ./score models/current
//
// Further arguments name the request's columns. Prints each request's probabilities on one line, nan for candidates that
// cannot be scored; ends with 1 if there was one, or a request that cannot be read.
package main

// #cgo pkg-config: rocket-serving
// #include <rocket_serving.h>
// #include <stdlib.h>
import "C"

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"
)

// Model is an open folder. Any number of goroutines may score with it.
type Model struct{ number C.rocket_serving_model }

// ErrCandidates says that some candidates have no probability: theirs is NaN, the others have theirs.
var ErrCandidates = errors.New("some candidates have no probability")

// call runs a function of the library. The last error belongs to the thread, so a goroutine must not change it between
// the call and the question.
func call(body func() C.rocket_serving_status) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	status := body()
	if status == C.ROCKET_SERVING_OK {
		return nil
	}
	reason := C.GoString(C.rocket_serving_last_error())
	if status == C.ROCKET_SERVING_CANDIDATES {
		return fmt.Errorf("%w: %s", ErrCandidates, reason)
	}
	return errors.New(reason)
}

// Open reads a folder. Candidates of a request share the request's columns, which are computed once.
func Open(folder string, requestColumns ...string) (*Model, error) {
	path := C.CString(folder)
	defer C.free(unsafe.Pointer(path))
	// An array with pointers must be C's memory, not Go's.
	count := len(requestColumns)
	array := (**C.char)(C.calloc(C.size_t(count+1), C.size_t(unsafe.Sizeof(path))))
	defer C.free(unsafe.Pointer(array))
	names := unsafe.Slice(array, count)
	for place, column := range requestColumns {
		names[place] = C.CString(column)
		defer C.free(unsafe.Pointer(names[place]))
	}
	model := &Model{}
	err := call(func() C.rocket_serving_status {
		return C.rocket_serving_open(path, array, C.size_t(count), 0, &model.number)
	})
	if err != nil {
		return nil, err
	}
	return model, nil
}

// Close frees the model once no call scores with it any more.
func (model *Model) Close() error {
	return call(func() C.rocket_serving_status { return C.rocket_serving_close(model.number) })
}

// Score returns the probability of each candidate of a request in JSON, in the given room if that is enough. With
// ErrCandidates some of them are NaN.
func (model *Model) Score(request []byte, room []float32) ([]float32, error) {
	if len(request) == 0 {
		return nil, errors.New("the request is empty")
	}
	for {
		var probabilities *C.float
		if len(room) > 0 {
			probabilities = (*C.float)(&room[0])
		}
		var count C.size_t
		var status C.rocket_serving_status
		err := call(func() C.rocket_serving_status {
			status = C.rocket_serving_score_json(
				model.number, (*C.char)(unsafe.Pointer(&request[0])), C.size_t(len(request)), probabilities,
				C.size_t(len(room)), &count)
			return status
		})
		switch status {
		case C.ROCKET_SERVING_ROOM:
			room = make([]float32, count)
		case C.ROCKET_SERVING_OK, C.ROCKET_SERVING_CANDIDATES:
			return room[:count], err
		default:
			return nil, err
		}
	}
}

// text has as many digits as tell a float32 from all others.
func text(probability float32) string {
	if math.IsNaN(float64(probability)) {
		return "nan"
	}
	return strconv.FormatFloat(float64(probability), 'g', -1, 32)
}

func run(arguments []string) error {
	model, err := Open(arguments[0], arguments[1:]...)
	if err != nil {
		return err
	}
	defer model.Close()
	input := bufio.NewReader(os.Stdin)
	output := bufio.NewWriter(os.Stdout)
	defer output.Flush()
	var failed error
	var room []float32
	for {
		line, end := input.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			probabilities, err := model.Score(line, room)
			if err != nil {
				failed = err
				fmt.Fprintln(os.Stderr, "request:", err)
			}
			if probabilities != nil {
				texts := make([]string, len(probabilities))
				for number, probability := range probabilities {
					texts[number] = text(probability)
				}
				fmt.Fprintln(output, strings.Join(texts, " "))
				room = probabilities[:cap(probabilities)]
			}
		}
		if end == io.EOF {
			return failed
		}
		if end != nil {
			return end
		}
	}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: score FOLDER [REQUEST-COLUMN …]")
		os.Exit(64)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

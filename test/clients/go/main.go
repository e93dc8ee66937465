// Command go does what programs built on client-go do in a cluster, and prints what came of each part as one JSON object. Nothing in it knows
// how the kubeconfig leads to the cluster.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const longest = 40 * time.Second

// place is where the parts work: each makes objects of its own names, so that they run side by side.
type place struct {
	config    *rest.Config
	typed     *kubernetes.Clientset
	dynamic   *dynamic.DynamicClient
	namespace string
	// pod runs already, with what pods.go expects of it.
	pod string
}

type part func(context.Context, place) (any, error)

var parts = map[string]part{
	"typed":           typedObjects,
	"dynamic":         dynamicObjects,
	"pages":           pages,
	"patches":         patches,
	"server-side":     serverSideApply,
	"informer":        informer,
	"leader election": leaderElection,
	"discovery":       discover,
	"parallel":        parallel,
	"exec":            execute,
	"logs":            logs,
	"port-forward":    forward,
	"protocol":        protocol,
}

type outcome struct {
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file")
	namespace := flag.String("namespace", "", "of its own")
	pod := flag.String("pod", "", "a running pod")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		panic(err)
	}
	// Waiting for its own turn would only make it slow.
	config.QPS = -1
	there := place{
		config:    config,
		typed:     kubernetes.NewForConfigOrDie(config),
		dynamic:   dynamic.NewForConfigOrDie(config),
		namespace: *namespace,
		pod:       *pod,
	}
	if err := json.NewEncoder(os.Stdout).Encode(runAll(there)); err != nil {
		panic(err)
	}
}

func runAll(there place) map[string]outcome {
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	outcomes := make(map[string]outcome, len(parts))
	var lock sync.Mutex
	var running sync.WaitGroup
	for name, run := range parts {
		running.Add(1)
		go func() {
			defer running.Done()
			result, err := run(ctx, there)
			lock.Lock()
			defer lock.Unlock()
			outcomes[name] = outcomeOf(result, err)
		}()
	}
	running.Wait()
	return outcomes
}

func outcomeOf(result any, err error) outcome {
	if err != nil {
		return outcome{Result: result, Error: err.Error()}
	}
	return outcome{Result: result}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/httpstream"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"
)

func (there place) request(subresource string) *rest.Request {
	return there.typed.CoreV1().RESTClient().Post().Namespace(there.namespace).Resource("pods").Name(there.pod).SubResource(subresource)
}

// execute runs one command over each protocol, and over the one that kubectl tries first with the other to fall back to.
func execute(ctx context.Context, there place) (any, error) {
	address := there.request("exec").VersionedParams(&corev1.PodExecOptions{
		Command: []string{"sh", "-c", "cat; echo err >&2; exit 7"}, Stdin: true, Stdout: true, Stderr: true,
	}, scheme.ParameterCodec).URL()
	overSPDY, err := remotecommand.NewSPDYExecutor(there.config, http.MethodPost, address)
	if err != nil {
		return nil, err
	}
	overWebSocket, err := remotecommand.NewWebSocketExecutor(there.config, http.MethodGet, address.String())
	if err != nil {
		return nil, err
	}
	withFallback, err := remotecommand.NewFallbackExecutor(overWebSocket, overSPDY, httpstream.IsUpgradeFailure)
	if err != nil {
		return nil, err
	}
	results := map[string]any{}
	for name, executor := range map[string]remotecommand.Executor{"SPDY": overSPDY, "WebSocket": overWebSocket, "fallback": withFallback} {
		var stdout, stderr bytes.Buffer
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: strings.NewReader("typed in"), Stdout: &stdout, Stderr: &stderr})
		var exit utilexec.CodeExitError
		if !errors.As(err, &exit) {
			return results, fmt.Errorf("%s: no exit code: %w", name, err)
		}
		results[name] = map[string]any{"stdout": stdout.String(), "stderr": stderr.String(), "code": exit.Code}
	}
	return results, nil
}

func logs(ctx context.Context, there place) (any, error) {
	following, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := there.typed.CoreV1().Pods(there.namespace).GetLogs(there.pod, &corev1.PodLogOptions{Follow: true}).Stream(following)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	lines := make([]byte, len("one\ntwo\nthree\n"))
	if _, err := io.ReadFull(stream, lines); err != nil {
		return nil, err
	}
	whole, err := there.typed.CoreV1().Pods(there.namespace).GetLogs(there.pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	return map[string]string{"followed": string(lines), "whole": string(whole)}, err
}

// forward asks for a page several times at once through each protocol.
func forward(ctx context.Context, there place) (any, error) {
	address := there.request("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(there.config)
	if err != nil {
		return nil, err
	}
	overSPDY := spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	overWebSocket, err := portforward.NewSPDYOverWebsocketDialer(address, there.config)
	if err != nil {
		return nil, err
	}
	results := map[string]any{}
	for name, dialer := range map[string]httpstream.Dialer{"SPDY": overSPDY, "WebSocket": overWebSocket} {
		pages, err := pagesOver(ctx, dialer)
		if err != nil {
			return results, fmt.Errorf("%s: %w", name, err)
		}
		results[name] = pages
	}
	return results, nil
}

func pagesOver(ctx context.Context, dialer httpstream.Dialer) ([]string, error) {
	stop, ready, failed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	defer close(stop)
	forwarder, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:8080"}, stop, ready, io.Discard, io.Discard)
	if err != nil {
		return nil, err
	}
	go func() { failed <- forwarder.ForwardPorts() }()
	select {
	case <-ready:
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ports, err := forwarder.GetPorts()
	if err != nil {
		return nil, err
	}
	var pages []string
	for range 3 {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[0].Local))
		if err != nil {
			return pages, err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return pages, err
		}
		pages = append(pages, fmt.Sprint(response.StatusCode, " ", string(body)))
	}
	return pages, nil
}

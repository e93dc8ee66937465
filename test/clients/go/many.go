package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

func discover(_ context.Context, there place) (any, error) {
	client := there.typed.Discovery()
	version, err := client.ServerVersion()
	if err != nil {
		return nil, err
	}
	preferred, err := client.ServerPreferredNamespacedResources()
	if err != nil {
		return nil, err
	}
	var core []string
	for _, list := range preferred {
		if list.GroupVersion != "v1" {
			continue
		}
		for _, resource := range list.APIResources {
			core = append(core, fmt.Sprint(resource.Name, resource.ShortNames, resource.Verbs))
		}
	}
	slices.Sort(core)
	cached := memory.NewMemCacheClient(client)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	resource, err := mapper.ResourceFor(schema.GroupVersionResource{Resource: "deploy"})
	if err != nil {
		return nil, err
	}
	mapping, err := mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil {
		return nil, err
	}
	_, unknown := mapper.RESTMapping(schema.GroupKind{Group: "none", Kind: "Nonsense"})
	return map[string]any{
		"version": version.GitVersion, "core": core, "deploy": resource.String(),
		"mapping": mapping.Resource.String(), "scope": mapping.Scope.Name(), "unknown": unknown.Error(),
	}, nil
}

const atOnce = 50

func parallel(ctx context.Context, there place) (any, error) {
	failed := make([]error, atOnce)
	var running sync.WaitGroup
	for index := range failed {
		running.Add(1)
		go func() {
			defer running.Done()
			name := fmt.Sprintf("parallel-%d", index)
			client := there.typed.CoreV1().ConfigMaps(there.namespace)
			if _, failed[index] = client.Create(ctx, newConfigMap(name, "1"), metav1.CreateOptions{}); failed[index] == nil {
				failed[index] = client.Delete(ctx, name, metav1.DeleteOptions{})
			}
		}()
	}
	running.Wait()
	return atOnce, errors.Join(failed...)
}

// protocol is that of HTTP which the two sides chose, with nothing turned off.
func protocol(ctx context.Context, there place) (any, error) {
	client, err := rest.HTTPClientFor(there.config)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, there.config.Host+"/version", nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return response.Proto, nil
}

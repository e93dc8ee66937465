package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// sightings remembers what was seen, each once, in the order of first sight.
type sightings struct {
	lock sync.Mutex
	seen []string
	news chan struct{}
}

func newSightings() *sightings {
	return &sightings{news: make(chan struct{}, 1)}
}

func (s *sightings) add(what string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	for _, each := range s.seen {
		if each == what {
			return
		}
	}
	s.seen = append(s.seen, what)
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *sightings) all() []string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return append([]string(nil), s.seen...)
}

func (s *sightings) await(ctx context.Context, what string) error {
	for {
		for _, each := range s.all() {
			if each == what {
				return nil
			}
		}
		select {
		case <-s.news:
		case <-ctx.Done():
			return fmt.Errorf("never saw %s", what)
		}
	}
}

func informer(ctx context.Context, there place) (any, error) {
	client := there.typed.CoreV1().ConfigMaps(there.namespace)
	if _, err := client.Create(ctx, newConfigMap("informed-before", "1"), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	seen := newSightings()
	of := func(what string, object any) {
		if configMap, ok := object.(*corev1.ConfigMap); ok && (configMap.Name == "informed" || configMap.Name == "informed-before") {
			seen.add(fmt.Sprintf("%s %s n=%s", what, configMap.Name, configMap.Data["n"]))
		}
	}
	factory := informers.NewSharedInformerFactoryWithOptions(there.typed, time.Second, informers.WithNamespace(there.namespace))
	shared := factory.Core().V1().ConfigMaps().Informer()
	_, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(object any) { of("add", object) },
		UpdateFunc: func(before, after any) {
			if before.(*corev1.ConfigMap).ResourceVersion != after.(*corev1.ConfigMap).ResourceVersion {
				of("update", after)
			} else if after.(*corev1.ConfigMap).Name == "informed-before" {
				of("resync", after)
			}
		},
		DeleteFunc: func(object any) { of("delete", object) },
	})
	if err != nil {
		return nil, err
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	if err := seen.await(ctx, "resync informed-before n=1"); err != nil {
		return seen.all(), err
	}
	if _, err := client.Create(ctx, newConfigMap("informed", "1"), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	if err := seen.await(ctx, "add informed n=1"); err != nil {
		return seen.all(), err
	}
	if _, err := client.Update(ctx, newConfigMap("informed", "2"), metav1.UpdateOptions{}); err != nil {
		return nil, err
	}
	if err := seen.await(ctx, "update informed n=2"); err != nil {
		return seen.all(), err
	}
	if err := client.Delete(ctx, "informed", metav1.DeleteOptions{}); err != nil {
		return nil, err
	}
	err = seen.await(ctx, "delete informed n=2")
	return seen.all(), err
}

// leaderElection has a first candidate lead and give up, upon which a second one leads.
func leaderElection(ctx context.Context, there place) (any, error) {
	seen := newSightings()
	run := func(ctx context.Context, name string) {
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: &resourcelock.LeaseLock{
				LeaseMeta:  metav1.ObjectMeta{Name: "leader", Namespace: there.namespace},
				Client:     there.typed.CoordinationV1(),
				LockConfig: resourcelock.ResourceLockConfig{Identity: name},
			},
			LeaseDuration:   6 * time.Second,
			RenewDeadline:   4 * time.Second,
			RetryPeriod:     500 * time.Millisecond,
			ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) { seen.add(name + " leads") },
				OnStoppedLeading: func() { seen.add(name + " stops") },
			},
		})
	}
	first, giveUp := context.WithCancel(ctx)
	defer giveUp()
	go run(first, "first")
	if err := seen.await(ctx, "first leads"); err != nil {
		return seen.all(), err
	}
	second, end := context.WithCancel(ctx)
	defer end()
	go run(second, "second")
	giveUp()
	for _, each := range []string{"first stops", "second leads"} {
		if err := seen.await(ctx, each); err != nil {
			return seen.all(), err
		}
	}
	lease, err := there.typed.CoordinationV1().Leases(there.namespace).Get(ctx, "leader", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return map[string]any{"seen": seen.all(), "holder": lease.Spec.HolderIdentity, "transitions": lease.Spec.LeaseTransitions}, nil
}

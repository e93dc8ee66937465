package main

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/tools/pager"
)

var configMaps = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}

func newConfigMap(name, value string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"part": name}},
		Data:       map[string]string{"n": value},
	}
}

// reasons says of each error why the API server refused, "" where it did not.
func reasons(refused ...error) []metav1.StatusReason {
	found := make([]metav1.StatusReason, 0, len(refused))
	for _, err := range refused {
		found = append(found, apierrors.ReasonForError(err))
	}
	return found
}

func typedObjects(ctx context.Context, there place) (any, error) {
	client := there.typed.CoreV1().ConfigMaps(there.namespace)
	created, err := client.Create(ctx, newConfigMap("typed", "1"), metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	_, again := client.Create(ctx, newConfigMap("typed", "1"), metav1.CreateOptions{})
	changed := created.DeepCopy()
	changed.Data["n"] = "2"
	updated, err := client.Update(ctx, changed, metav1.UpdateOptions{})
	if err != nil {
		return nil, err
	}
	_, stale := client.Update(ctx, created, metav1.UpdateOptions{})
	_, invalid := client.Create(ctx, newConfigMap("No Name", "1"), metav1.CreateOptions{})
	list, err := client.List(ctx, metav1.ListOptions{LabelSelector: "part=typed"})
	if err != nil {
		return nil, err
	}
	err = client.Delete(ctx, "typed", metav1.DeleteOptions{})
	_, gone := client.Get(ctx, "typed", metav1.GetOptions{})
	return map[string]any{"updated": updated.Data, "listed": len(list.Items), "refused": reasons(again, stale, invalid, gone)}, err
}

func dynamicObjects(ctx context.Context, there place) (any, error) {
	client := there.dynamic.Resource(configMaps).Namespace(there.namespace)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(newConfigMap("dynamic", "1"))
	if err != nil {
		return nil, err
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetAPIVersion("v1")
	object.SetKind("ConfigMap")
	created, err := client.Create(ctx, object, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	if err := unstructured.SetNestedField(created.Object, "2", "data", "n"); err != nil {
		return nil, err
	}
	updated, err := client.Update(ctx, created, metav1.UpdateOptions{})
	if err != nil {
		return nil, err
	}
	_, unknown := there.dynamic.Resource(schema.GroupVersionResource{Version: "v1", Resource: "nonsense"}).List(ctx, metav1.ListOptions{})
	err = client.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "part=dynamic"})
	return map[string]any{"data": updated.Object["data"], "refused": reasons(unknown)}, err
}

func pages(ctx context.Context, there place) (any, error) {
	client := there.typed.CoreV1().ConfigMaps(there.namespace)
	for _, name := range []string{"page-1", "page-2", "page-3", "page-4", "page-5"} {
		object := newConfigMap(name, "1")
		object.Labels = map[string]string{"part": "pages"}
		if _, err := client.Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	asked := 0
	paged := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		asked++
		return client.List(ctx, options)
	})
	paged.PageSize = 2
	var names []string
	err := paged.EachListItem(ctx, metav1.ListOptions{LabelSelector: "part=pages"}, func(item runtime.Object) error {
		object, ok := item.(*corev1.ConfigMap)
		if !ok {
			return errors.New("not a ConfigMap")
		}
		names = append(names, object.Name)
		return nil
	})
	return map[string]any{"names": names, "pages": asked}, err
}

func patches(ctx context.Context, there place) (any, error) {
	client := there.typed.CoreV1().ConfigMaps(there.namespace)
	if _, err := client.Create(ctx, newConfigMap("patched", "1"), metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	for _, patch := range []struct {
		kind types.PatchType
		body string
	}{
		{types.JSONPatchType, `[{"op":"add","path":"/data/json","value":"1"}]`},
		{types.MergePatchType, `{"data":{"n":null,"merge":"1"}}`},
		{types.StrategicMergePatchType, `{"data":{"strategic":"1"}}`},
	} {
		if _, err := client.Patch(ctx, "patched", patch.kind, []byte(patch.body), metav1.PatchOptions{}); err != nil {
			return nil, err
		}
	}
	_, failed := client.Patch(ctx, "patched", types.JSONPatchType, []byte(`[{"op":"test","path":"/data/json","value":"2"}]`), metav1.PatchOptions{})
	object, err := client.Get(ctx, "patched", metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return map[string]any{"data": object.Data, "refused": reasons(failed)}, nil
}

func serverSideApply(ctx context.Context, there place) (any, error) {
	client := there.typed.CoreV1().ConfigMaps(there.namespace)
	wish := func(value string) *applycorev1.ConfigMapApplyConfiguration {
		return applycorev1.ConfigMap("applied", there.namespace).WithData(map[string]string{"n": value})
	}
	if _, err := client.Apply(ctx, wish("1"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return nil, err
	}
	_, conflict := client.Apply(ctx, wish("2"), metav1.ApplyOptions{FieldManager: "two"})
	forced, err := client.Apply(ctx, wish("3"), metav1.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return nil, err
	}
	return map[string]any{"data": forced.Data, "conflict": conflict.Error(), "refused": reasons(conflict)}, nil
}

import type { CauseText } from './cause-text.ts';

/** Causes that lie with claims, volumes and disks. */
export const STORAGE = {
  pvc_not_found: {
    meaning: 'The pod names a PersistentVolumeClaim that does not exist.',
    decided_by: 'The scheduler or kubelet message, and the claims of the namespace.',
    remedy: 'Create the claim, or correct its name in the pod.',
  },
  pvc_storage_class: {
    meaning: 'The claim names a StorageClass that does not exist, or one that its volumes do not have.',
    decided_by: 'storageClassName of the claim compared with the StorageClasses and PersistentVolumes.',
    remedy: 'Correct storageClassName (a claim cannot be changed: delete and create it), or create the class.',
  },
  pvc_no_default_class: {
    meaning: 'The claim names no StorageClass, the cluster has no default one, and no PersistentVolume fits.',
    decided_by: '`no persistent volumes available for this claim and no storage class is set`.',
    remedy: 'Set storageClassName, or mark a StorageClass as the default.',
  },
  pvc_capacity: {
    meaning: 'The claim asks for more storage than the PersistentVolume that would fit otherwise has.',
    decided_by: 'The request of the claim compared with the capacity of the PersistentVolumes.',
    remedy: 'Lower the request, or create a larger PersistentVolume.',
  },
  pvc_access_mode: {
    meaning: 'The claim asks for an access mode that the PersistentVolume or its provisioner does not offer.',
    decided_by: 'accessModes of the claim compared with those of the PersistentVolumes.',
    remedy: 'Ask for an access mode that the storage offers.',
  },
  pvc_selector: {
    meaning: 'The selector of the claim matches no PersistentVolume.',
    decided_by: 'spec.selector of the claim compared with the labels of the PersistentVolumes.',
    remedy: 'Correct the selector, or label the PersistentVolume.',
  },
  pv_taken: {
    meaning: 'The PersistentVolume that fits the claim is bound to another claim.',
    decided_by: 'claimRef of the PersistentVolumes.',
    remedy: 'Create another PersistentVolume, or release the one that is taken.',
  },
  pvc_provisioning_failed: {
    meaning: 'The provisioner cannot create the volume.',
    decided_by: 'The ProvisioningFailed event of the claim.',
    remedy: 'Correct what the message of the provisioner names.',
  },
  pvc_pending: {
    meaning: 'The claim is not bound, and nothing says why.',
    decided_by: 'status.phase Pending of the claim.',
    remedy: 'Check that the provisioner of the StorageClass runs.',
  },
  volume_multi_attach: {
    meaning: 'A ReadWriteOnce volume is still attached to another node.',
    decided_by: '`Multi-Attach error` of the attach-detach controller.',
    remedy: 'End the pod that holds the volume on the other node, or wait until it is detached.',
  },
  volume_mount_failed: {
    meaning: 'The kubelet cannot mount a volume of the pod.',
    decided_by: 'The FailedMount or FailedAttachVolume event of the pod.',
    remedy: 'Correct what the message names: export, address, driver, permission.',
  },
  volume_permission: {
    meaning: 'The process may not read or write its volume.',
    decided_by: '`Permission denied` in the log about a path below a mount of the container.',
    remedy: 'Set fsGroup or runAsUser, or correct the owner of the files.',
  },
  read_only_file_system: {
    meaning: 'The process writes to a file system that is mounted read-only.',
    decided_by: '`Read-only file system` in the log, and readOnlyRootFilesystem or readOnly of the mount.',
    remedy: 'Mount an emptyDir at the path, or drop readOnly.',
  },
  disk_full: {
    meaning: 'The disk or volume that the process writes to is full.',
    decided_by: '`No space left on device` in the log or event.',
    remedy: 'Enlarge the volume, or delete what is not needed.',
  },
  pv_missing: {
    meaning: 'The claim is bound to a PersistentVolume that no longer exists.',
    decided_by: '`bound to non-existent persistentvolume`, ClaimLost of the claim.',
    remedy: 'Restore the PersistentVolume, or create the claim anew and restore its data.',
  },
  volume_in_use: {
    meaning: 'Another pod holds the volume, and its access mode allows only one.',
    decided_by: '`ReadWriteOncePod` in the scheduler message, or another pod that uses the claim.',
    remedy: 'End the pod that holds the volume, or use another claim.',
  },
  volume_attach_failed: {
    meaning: 'The volume cannot be attached to the node.',
    decided_by: 'FailedAttachVolume of the attach-detach controller.',
    remedy: 'Correct what the message of the driver names; check its controller and the limits of the machine.',
  },
  csi_driver_missing: {
    meaning: 'The CSI driver of the volume is not registered on the node.',
    decided_by: '`not found in the list of registered CSI drivers`, `CSINode ... does not contain driver`.',
    remedy: 'Check that the DaemonSet of the driver has a ready pod on the node.',
  },
  pvc_provisioner_down: {
    meaning: 'The external provisioner of the StorageClass does not handle the claim.',
    decided_by:
      '`Waiting for a volume to be created either by the external provisioner`, for longer than a provisioner takes.',
    remedy: 'Check that the controller of the CSI driver runs and that its name is that of the StorageClass.',
  },
  secret_provider_failed: {
    meaning: 'The Secrets Store driver cannot fetch the secrets that the pod mounts.',
    decided_by: '`failed to mount secrets store objects` or SecretProviderClass in the FailedMount event.',
    remedy: 'Correct the SecretProviderClass, or grant the identity of the pod access to the secrets.',
  },
  data_incompatible: {
    meaning:
      'The data on the volume does not fit the program: another version wrote it, or something else is in the directory.',
    decided_by: 'The message of the database, such as `database files are incompatible with server`.',
    remedy: 'Go back to the version that wrote the data, or migrate it; mount an empty directory for a new database.',
  },
  data_locked: {
    meaning: 'Another process holds the lock of the data directory.',
    decided_by: '`lock` with the data directory in the log.',
    remedy: 'Let only one process use the data: end the other pod, and use the Recreate strategy for a Deployment.',
  },
} as const satisfies Record<string, CauseText>;
